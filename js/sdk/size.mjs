// What each entry costs on the wire: with everything that it imports, minified and
// gzipped as a site would serve it, and without what is loaded by import() when it is
// needed. An entry beside the core counts what a page that has the core must load in
// addition. Fails where an entry is larger than its limit.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { cssText } from "../csstext.mjs";
import { entries, external } from "./entries.mjs";

/** The most bytes of each entry; all but the core are counted beside it. Raise one
 * knowingly: everybody who uses the entry pays for it. */
const limits = {
  ".": 15_000,
  "./wallet": 11_000,
  "./tabs": 3_900,
  "./requests": 3_400,
  "./passkeys": 1_900,
  "./modal": 12_200,
  "./react": 1_800,
};

const here = dirname(fileURLToPath(import.meta.url));
const core = entries.get(".");

/** Bundles sources as the entries of one page. */
async function bundle(sources) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: sources,
    outdir: "out",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    external,
    plugins: [cssText],
  });
  const bytes = new Map(outputFiles.map(({ path, contents }) => [path, gzipSync(contents, { level: 9 }).length]));
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [resolve(here, path), output]));
  const outputOf = (source) => [...outputs].find(([, { entryPoint }]) => entryPoint && resolve(here, entryPoint) === source)[0];
  return { bytes, outputs, outputOf };
}

/** What an output imports at once, itself included. */
function closure(outputs, path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: next, kind, external } of outputs.get(path).imports) {
    if (kind === "import-statement" && !external) closure(outputs, resolve(here, next), seen);
  }
  return seen;
}

const sum = (paths, bytes) => [...paths].reduce((total, path) => total + bytes.get(path), 0);

async function measure(source) {
  const alone = await bundle([source]);
  const size = { alone: sum(closure(alone.outputs, alone.outputOf(source)), alone.bytes) };
  if (source === core) return { ...size, later: sum(alone.bytes.keys(), alone.bytes) - size.alone };
  const both = await bundle([core, source]);
  const has = closure(both.outputs, both.outputOf(core));
  const more = [...closure(both.outputs, both.outputOf(source))].filter((path) => !has.has(path));
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
