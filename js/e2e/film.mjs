// What Chromium's false camera sees.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decode, launch } from "./browser.mjs";
import { folder } from "./program.mjs";

const side = 480;
const margin = 40;

/** Writes a film of one picture in grey (I420), big enough to be read, and returns
 * its file. */
export async function film(t, context, png) {
  const { width, height, pixels } = await decode(context, png);
  const luma = Buffer.alloc(side * side, 235);
  const scale = Math.max(width, height) / (side - margin);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [sx, sy] = [x, y].map((at) => Math.floor((at - margin / 2) * scale));
      if (sx >= 0 && sy >= 0 && sx < width && sy < height) luma[y * side + x] = pixels[4 * (sy * width + sx)] > 127 ? 235 : 16;
    }
  }
  const path = join(folder(t), "camera.y4m");
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((side * side) / 2, 128)]);
  await writeFile(path, Buffer.concat([Buffer.from(`YUV4MPEG2 W${side} H${side} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]));
  return path;
}

/** Starts a browser whose camera sees a film. */
export async function withCamera(t, path) {
  const browser = await launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${path}`);
  t.after(() => browser.close());
  return browser;
}
