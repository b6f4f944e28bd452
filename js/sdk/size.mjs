// What each entry costs on the wire: with everything that it imports, minified and
// gzipped as a site would serve it, and without what is loaded by import() when it is
// needed. An entry beside the core counts what a page that has the core must load in
// addition. Fails where an entry is larger than its limit.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { bundle, closure } from "./bundle.mjs";
import { entries } from "./entries.mjs";

/** The most bytes of each entry; all but the core are counted beside it. Raise one
 * knowingly: everybody who uses the entry pays for it. */
const limits = {
  ".": 15_000,
  "./wallet": 11_000,
  "./tabs": 4_200,
  "./requests": 3_400,
  "./passkeys": 1_900,
  "./modal": 12_300,
  "./react": 1_800,
};

const here = dirname(fileURLToPath(import.meta.url));
const core = entries.get(".");

/** Bundles sources as the entries of one page. */
async function page(sources) {
  const { outputs, contents } = await bundle({ absWorkingDir: here, entryPoints: sources });
  const bytes = new Map([...contents].map(([path, content]) => [path, gzipSync(content, { level: 9 }).length]));
  const first = (source) => closure(outputs, Object.keys(outputs).find((path) => outputs[path].entryPoint && resolve(here, outputs[path].entryPoint) === source));
  return { bytes, first };
}

const sum = (paths, bytes) => [...paths].reduce((total, path) => total + bytes.get(path), 0);

async function measure(source) {
  const alone = await page([source]);
  const size = { alone: sum(alone.first(source), alone.bytes) };
  if (source === core) return { ...size, later: sum(alone.bytes.keys(), alone.bytes) - size.alone };
  const both = await page([core, source]);
  const has = both.first(core);
  const more = [...both.first(source)].filter((path) => !has.has(path));
  return { ...size, beside: sum(more, both.bytes) };
}

const figure = (bytes) => (bytes === undefined ? "" : bytes.toLocaleString("en"));
const row = (...cells) => console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(14) : cell.padStart(16))).join(""));
row("entry", "alone", "beside the core", "limit", "loaded later");
for (const [name, source] of entries) {
  const { alone, beside, later } = await measure(source);
  const limit = limits[name];
  row(name, figure(alone), figure(beside), figure(limit), figure(later));
  const counted = beside ?? alone;
  if (limit === undefined) complain(`The entry ${name} has no limit: give it one in js/sdk/size.mjs, a little above ${figure(counted)} bytes.`);
  else if (counted > limit) complain(`The entry ${name} has ${figure(counted)} bytes, ${figure(counted - limit)} more than its limit of ${figure(limit)}.`);
}

function complain(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}
