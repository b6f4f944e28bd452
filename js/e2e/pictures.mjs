// Pictures of pages for the documents: each state, light and dark, on a desktop and
// on a phone.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "./browser.mjs";
import { encode } from "./png.mjs";

const images = process.env.IMAGES ?? join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs", "images");
const maxBytes = 100_000;

/** Shows a page in every look that a state has, and keeps a picture of each; of less
 * important states only two, unless they go elsewhere. sizes are viewports by what
 * the names of their pictures end in: "" and "-phone". */
export async function picture({ page, context }, state, { sizes, few = false }) {
  await mkdir(images, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(sizes)) {
      if (few && !process.env.IMAGES && (colorScheme === "dark") !== (size === "-phone")) continue;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await page.evaluate(() => document.querySelector("[role=log]")?.scrollTo(0, 1e6));
      const png = encode(await decode(context, await page.screenshot({ fullPage: true, animations: "disabled", caret: "hide" })));
      const name = `${state}${size}${colorScheme === "dark" ? "-dark" : ""}.png`;
      if (png.length > maxBytes) throw new Error(`${name} has ${png.length} bytes, more than ${maxBytes}`);
      await writeFile(join(images, name), png);
      console.log(`${name} ${png.length}`);
    }
  }
}
