// Builds the pages into ../web/dist. The same sources give the same bytes on
// every machine: names carry a hash of the content and nothing else varies.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { context } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, "..", "web");
const dist = join(web, "dist");

const entries = ["site/site.ts", "site/site.css", "link/link.ts"];
const files = { "site/icon.svg": join(web, "site/icon.svg"), "licenses.txt": join(here, "node_modules/uqr/LICENSE") };
const pages = { "site/index.html": "index.html", "link/index.html": "l/index.html" };

/** Writes content under a name with its hash and returns its address. */
async function asset(path, content) {
  const [, name, extension] = /([^/]+)\.(\w+)$/.exec(path);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const address = `assets/${name}-${hash}.${extension}`;
  await writeFile(join(dist, address), content);
  return `/${address}`;
}

async function write(outputs) {
  await rm(dist, { recursive: true, force: true });
  await mkdir(join(dist, "assets"), { recursive: true });
  await mkdir(join(dist, "l"), { recursive: true });
  const addresses = new Map();
  for (const [path, source] of Object.entries(files)) addresses.set(path, await asset(path, await readFile(source)));
  const licenses = `/*! Contains uqr, MIT: ${addresses.get("licenses.txt")} */\n`;
  for (const { path, text } of outputs) {
    const entry = entries.find((e) => path.endsWith(e.replace(/\.ts$/, ".js")));
    addresses.set(entry, await asset(path, entry === "site/site.ts" ? licenses + text : text));
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
    build.onEnd(async (result) => {
      if (result.errors.length === 0) await write(result.outputFiles);
    });
  },
};

const build = await context({
  absWorkingDir: web,
  entryPoints: entries,
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
  plugins: [writer],
});
if (process.argv.includes("--watch")) {
  await build.watch();
} else {
  await build.rebuild();
  await build.dispose();
}
