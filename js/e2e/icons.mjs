// Draws the wallet's icons from the site's: node e2e/icons.mjs. A launcher cuts a
// maskable one to its own shape, so that one has its drawing well inside.
import { readFile, writeFile } from "node:fs/promises";
import { decode, launch } from "./browser.mjs";
import { encode } from "./png.mjs";

const folder = new URL("../../web/", import.meta.url);
const svg = await readFile(new URL("site/icon.svg", folder), "utf8");
const icons = { "icon-192": [192, false], "icon-512": [512, false], "icon-maskable-512": [512, true] };
const browser = await launch();
try {
  const context = await browser.newContext();
  const page = await context.newPage();
  for (const [name, [size, maskable]] of Object.entries(icons)) {
    const drawn = maskable ? svg.replace(/<svg ([^>]*)viewBox="0 0 32 32">/, '<svg $1viewBox="-5 -5 42 42"><rect x="-5" y="-5" width="42" height="42" fill="#0b5c4b"/>') : svg;
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${drawn}`);
    const png = await page.screenshot({ omitBackground: !maskable });
    await writeFile(new URL(`wallet/${name}.png`, folder), maskable ? encode(await decode(context, png)) : png);
  }
} finally {
  await browser.close();
}
