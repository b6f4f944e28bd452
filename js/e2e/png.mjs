// Writes small PNG files: a page of text needs no more than 256 colours.
import { crc32, deflateSync } from "node:zlib";

/** Encodes pixels, four bytes each, with a palette of the most frequent colours;
 * the others become their nearest. */
export function encode({ width, height, pixels }) {
  const { palette, index } = quantize(pixels);
  const rows = Buffer.alloc((width + 1) * height); // each begins with 0: no filter
  for (let at = 0; at < width * height; at++) {
    rows[at + Math.floor(at / width) + 1] = index.get(colour(pixels, at));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // 8 bits each, by palette
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header), chunk("PLTE", Buffer.from(palette.flat())), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0)),
  ]);
}

const colour = (pixels, at) => (pixels[4 * at] << 16) | (pixels[4 * at + 1] << 8) | pixels[4 * at + 2];
const channels = (c) => [c >> 16, (c >> 8) & 255, c & 255];

function quantize(pixels) {
  const counts = new Map();
  for (let at = 0; at < pixels.length / 4; at++) counts.set(colour(pixels, at), (counts.get(colour(pixels, at)) ?? 0) + 1);
  const all = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || a - b);
  const palette = all.slice(0, 256).map(channels);
  return { palette, index: new Map(all.map((c, n) => [c, n < 256 ? n : nearest(palette, channels(c))])) };
}

function nearest(palette, [r, g, b]) {
  const distances = palette.map(([x, y, z]) => (x - r) ** 2 + (y - g) ** 2 + (z - b) ** 2);
  return distances.indexOf(Math.min(...distances));
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
