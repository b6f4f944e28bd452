// Builds the pages into ../web/dist. The same sources give the same bytes on
// every machine: names carry a hash of the content and nothing else varies.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, "..", "web");
const dist = join(web, "dist");

const entries = ["site/site.ts", "site/site.css", "link/link.ts", "wallet/wallet.ts", "wallet/wallet.css"];
// What is loaded when it is needed is a file of its own.
const parts = [
  { source: join(here, "sdk/src/chain/verify.ts"), name: "verify.js", contains: "@noble/curves and @noble/hashes, MIT" },
  { source: join(web, "wallet/vault/curves.ts"), name: "curves.js", contains: "@noble/curves and @noble/hashes, MIT" },
  { source: join(web, "wallet/scan/qr.ts"), name: "qr.js", contains: "jsQR, Apache-2.0" },
];
const files = ["site/icon.svg", "wallet/icon-192.png", "wallet/icon-512.png", "wallet/icon-maskable-512.png"];
const packages = ["uqr", "@noble/curves", "@noble/hashes", "jsqr"];
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
  const licenses = packages.map(async (name) => `${name}\n\n${await readFile(join(here, "node_modules", name, "LICENSE"), "utf8")}`);
  addresses.set("licenses", await asset("licenses.txt", (await Promise.all(licenses)).join("\n\n")));
  for (const { source, name, contains } of parts) {
    const { outputFiles } = await build({ ...options, entryPoints: [source] });
    addresses.set(source, await asset(name, notice(contains) + outputFiles[0].text));
  }
}

function notice(contains) {
  return `/*! Contains ${contains}: ${addresses.get("licenses")} */\n`;
}

async function finish(outputs) {
  for (const { path, text } of outputs) {
    const entry = entries.find((e) => path.endsWith(e.replace(/\.ts$/, ".js")));
    addresses.set(entry, await asset(path, entry === "site/site.ts" ? notice("uqr, MIT") + text : text));
  }
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
  const { outputFiles } = await build({ ...options, format: "iife", entryPoints: ["wallet/worker.ts"], define });
  await writeFile(join(dist, "wallet/sw.js"), outputFiles[0].contents);
}

const writer = {
  name: "write",
  setup(build) {
    build.onStart(begin);
    build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, resolveDir, path }) => {
      const part = kind === "dynamic-import" && addresses.get(resolve(resolveDir, path));
      return part ? { path: part, external: true } : undefined;
    });
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
  alias: { "@liaison/client/wallet": join(here, "sdk/src/wallet.ts"), "@liaison/client": join(here, "sdk/src/index.ts") },
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
