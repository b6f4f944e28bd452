// Measures what the seal costs a page in Chromium: drawing a code, and the site's
// part of a handshake, from its message 1 to the keys and the short code:
// N=500 npm run bench
import { readFileSync } from "node:fs";
import { launch } from "./browser.mjs";
import { bundle, serve } from "./bundle.mjs";

const rounds = Number(process.env.N ?? 300);
const { links } = JSON.parse(readFileSync(new URL("../../vectors/sealed.json", import.meta.url), "utf8"));
const ending = [];
const browser = await launch();
try {
  const { origin } = await serve({ after: (work) => ending.push(work) }, await bundle("sdk/test/page.ts"));
  const page = await browser.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => globalThis.tests);
  for (let run = 0; run < 3; run++) {
    const { draw, both } = await page.evaluate(([vector, rounds]) => globalThis.tests.bench(vector, rounds), [links[0], rounds]);
    console.log(`draw a code ${draw} µs, the site's part of a handshake ${both} µs`);
  }
} finally {
  await browser.close();
  for (const work of ending) work();
}
