// Builds the pages into ../web/dist. The same sources give the same bytes on
// every machine: names carry a hash of the content and nothing else varies.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, "..", "web");
const dist = join(web, "dist");

const entries = ["site/site.ts", "site/site.css", "link/link.ts"];
// What verifies proofs is loaded when it is needed, so it is a file of its own.
const verifier = join(here, "sdk/src/chain/verify.ts");
const packages = ["uqr", "@noble/curves", "@noble/hashes"];
const pages = { "site/index.html": "index.html", "link/index.html": "l/index.html" };

/** Writes content under a name with its hash and returns its address. */
async function asset(path, content) {
  const [, name, extension] = /([^/]+)\.(\w+)$/.exec(path);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const address = `assets/${name}-${hash}.${extension}`;
  await writeFile(join(dist, address), content);
  return `/${address}`;
}

/** Addresses of what was written, by source. */
const addresses = new Map();

/** Writes what the entries refer to. */
async function begin() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(join(dist, "assets"), { recursive: true });
  await mkdir(join(dist, "l"), { recursive: true });
  addresses.set("site/icon.svg", await asset("icon.svg", await readFile(join(web, "site/icon.svg"))));
  const licenses = packages.map(async (name) => `${name}\n\n${await readFile(join(here, "node_modules", name, "LICENSE"), "utf8")}`);
  addresses.set("licenses", await asset("licenses.txt", (await Promise.all(licenses)).join("\n\n")));
  const { outputFiles } = await build({ ...options, entryPoints: [verifier] });
  addresses.set(verifier, await asset("verify.js", notice("@noble/curves and @noble/hashes") + outputFiles[0].text));
}

function notice(names) {
  return `/*! Contains ${names}, MIT: ${addresses.get("licenses")} */\n`;
}

async function finish(outputs) {
  for (const { path, text } of outputs) {
    const entry = entries.find((e) => path.endsWith(e.replace(/\.ts$/, ".js")));
    addresses.set(entry, await asset(path, entry === "site/site.ts" ? notice("uqr") + text : text));
  }
  for (const [source, target] of Object.entries(pages)) {
    const html = (await readFile(join(web, source), "utf8")).replaceAll(/\{\{([^}]+)\}\}/g, (_, name) => {
      if (!addresses.has(name)) throw new Error(`${source} names ${name}, which is not built`);
      return addresses.get(name);
    });
    await writeFile(join(dist, target), html);
  }
}

const writer = {
  name: "write",
  setup(build) {
    build.onStart(begin);
    build.onResolve({ filter: /\/chain\/verify\.ts$/ }, () => ({ path: addresses.get(verifier), external: true }));
    build.onEnd(async (result) => {
      if (result.errors.length === 0) await finish(result.outputFiles);
    });
  },
};

const options = {
  absWorkingDir: web,
  outdir: dist,
  outbase: web,
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: ["chrome111", "firefox115", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  alias: { "@liaison/client": join(here, "sdk/src/index.ts") },
  nodePaths: [join(here, "node_modules")],
  tsconfigRaw: { compilerOptions: { target: "es2022", verbatimModuleSyntax: true } },
  logLevel: "info",
};
const pagesBuild = await context({ ...options, entryPoints: entries, plugins: [writer] });
if (process.argv.includes("--watch")) {
  await pagesBuild.watch();
} else {
  await pagesBuild.rebuild();
  await pagesBuild.dispose();
}
