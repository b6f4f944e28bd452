// What axe-core says of a page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const looks = ["light", "dark"].flatMap((colorScheme) => [1200, 375].map((width) => ({ colorScheme, viewport: { width, height: 800 } })));

/** Fails with each rule that axe-core sees broken, and where, in light and dark
 * and in wide and narrow windows. */
export async function accessible({ page }, state) {
  await page.evaluate(axe);
  for (const { colorScheme, viewport } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
    assert.deepEqual(found, [], `accessibility of the page while ${state}, ${colorScheme}, ${viewport.width} wide`);
  }
}
