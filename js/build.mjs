// Builds the pages into ../web/dist. The same sources give the same bytes on
// every machine: names carry a hash of the content and nothing else varies.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";
import { cssText } from "./csstext.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, "..", "web");
const dist = join(web, "dist");

const entries = ["site/site.ts", "site/site.css", "link/link.ts", "wallet/wallet.ts", "wallet/base.css", "wallet/wallet.css"];
const files = ["site/icon.svg", "wallet/icon-192.png", "wallet/icon-512.png", "wallet/icon-maskable-512.png"];
/** What of others may be in an output, and under which licence. */
const packages = { uqr: "MIT", "@noble/curves": "MIT", "@noble/hashes": "MIT", jsqr: "Apache-2.0" };
const pages = {
  "site/index.html": "index.html",
  "link/index.html": "l/index.html",
  "wallet/manifest.webmanifest": "wallet/manifest.webmanifest",
  "wallet/index.html": "wallet/index.html",
};

function digest(content, encoding) {
  return createHash("sha256").update(content).digest(encoding);
}

/** Writes content under a name with its hash and returns its address. */
async function asset(path, content) {
  const [, name, extension] = /([^/]+)\.(\w+)$/.exec(path);
  const address = `assets/${name}-${digest(content, "hex").slice(0, 12)}.${extension}`;
  await writeFile(join(dist, address), content);
  return `/${address}`;
}

/** Addresses of what was written, by source. */
const addresses = new Map();

/** Writes what the entries refer to. */
async function begin() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(join(dist, "assets"), { recursive: true });
  for (const folder of ["l", "wallet"]) await mkdir(join(dist, folder), { recursive: true });
  for (const file of files) addresses.set(file, await asset(file, await readFile(join(web, file))));
  const licenses = Object.keys(packages).map(async (name) => `${name}\n\n${await readFile(join(here, "node_modules", name, "LICENSE"), "utf8")}`);
  addresses.set("licenses", await asset("licenses.txt", (await Promise.all(licenses)).join("\n\n")));
}

/** Whose code is in an output. */
function contained({ inputs }) {
  return Object.keys(packages).filter((name) => Object.keys(inputs).some((path) => path.includes(`node_modules/${name}/`)));
}

/** How one output refers to another. */
function reference(from, to) {
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Writes the outputs under names with their hashes: first those that others
 * import, whose names stand in these. What is loaded when it is needed is a file of
 * its own. */
async function write(outputs, { outputs: told }) {
  const texts = new Map(outputs.map(({ path, text }) => [relative(web, path), text]));
  const written = new Map();
  const put = async (path) => {
    if (written.has(path)) return written.get(path);
    let text = texts.get(path);
    for (const { path: imported } of told[path].imports) {
      if (texts.has(imported)) text = text.replaceAll(JSON.stringify(reference(path, imported)), JSON.stringify(await put(imported)));
    }
    const names = contained(told[path]);
    const notice = names.length > 0 ? `/*! Contains ${names.map((name) => `${name}, ${packages[name]}`).join("; ")}: ${addresses.get("licenses")} */\n` : "";
    const address = await asset(basename(path).replace(/-[0-9A-Z]{8}\./, "."), notice + text);
    written.set(path, address);
    return address;
  };
  for (const path of texts.keys()) {
    const { entryPoint } = told[path];
    const address = await put(path);
    if (entryPoint) addresses.set(entryPoint, address);
  }
  const site = Object.keys(told).find((path) => told[path].entryPoint === "site/site.ts");
  const first = told[site].imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => written.get(path));
  addresses.set("preload", first.map((address) => `<link rel="modulepreload" href="${address}">`).join("\n"));
}

async function finish(outputs, metafile) {
  await write(outputs, metafile);
  for (const [source, target] of Object.entries(pages)) {
    const html = (await readFile(join(web, source), "utf8")).replaceAll(/\{\{([^}]+)\}\}/g, (_, name) => {
      if (!addresses.has(name)) throw new Error(`${source} names ${name}, which is not built`);
      return addresses.get(name);
    });
    await writeFile(join(dist, target), html);
  }
  await writeWorker();
}

/** Writes the wallet's service worker, which knows each file of its page by name and
 * by content: all that the page refers to, and what that refers to. */
async function writeWorker() {
  const found = new Map();
  const look = async (address) => {
    if (found.has(address)) return;
    const content = await readFile(join(dist, address.endsWith("/") ? `${address}index.html` : address));
    found.set(address, `sha256-${digest(content, "base64")}`);
    if (/\.(png|txt)$/.test(address)) return;
    for (const [next] of content.toString().matchAll(/\/(?:assets\/[\w-]+\.\w+|wallet\/manifest\.webmanifest)/g)) await look(next);
  };
  await look("/wallet/");
  const list = JSON.stringify([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  const define = { FILES: list, VERSION: JSON.stringify(digest(list, "hex").slice(0, 12)) };
  const { outputFiles } = await build({ ...options, splitting: false, metafile: false, format: "iife", entryPoints: ["wallet/worker.ts"], define });
  await writeFile(join(dist, "wallet/sw.js"), outputFiles[0].contents);
}

const writer = {
  name: "write",
  setup(build) {
    // What no entry imports, and is built all the same.
    const watchFiles = [...files, ...Object.keys(pages), "wallet/worker.ts"].map((file) => join(web, file));
    build.onLoad({ filter: /site\.ts$/ }, () => ({ watchFiles }));
    build.onEnd(async (result) => {
      if (result.errors.length > 0) return; // what was built before stays
      await begin();
      await finish(result.outputFiles, result.metafile);
      process.send?.("built");
    });
  },
};

const options = {
  absWorkingDir: web,
  outdir: dist,
  outbase: web,
  bundle: true,
  splitting: true,
  metafile: true,
  minify: true,
  write: false,
  format: "esm",
  target: ["chrome111", "firefox115", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  chunkNames: "[name]-[hash]",
  alias: {
    "@liaison/client/modal": join(here, "sdk/src/modal.ts"),
    "@liaison/client/wallet": join(here, "sdk/src/wallet.ts"),
    "@liaison/client/passkeys": join(here, "sdk/src/passkeys.ts"),
    "@liaison/client/requests": join(here, "sdk/src/requests.ts"),
    "@liaison/client": join(here, "sdk/src/index.ts"),
  },
  nodePaths: [join(here, "node_modules")],
  tsconfigRaw: { compilerOptions: { target: "es2022", verbatimModuleSyntax: true } },
  logLevel: "info",
};
const pagesBuild = await context({ ...options, entryPoints: entries, plugins: [cssText, writer] });
if (process.argv.includes("--watch")) {
  process.on("disconnect", () => process.exit()); // whoever has started it is gone
  await pagesBuild.watch();
} else {
  await pagesBuild.rebuild();
  await pagesBuild.dispose();
}
