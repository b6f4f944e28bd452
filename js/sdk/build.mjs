// Builds the package into dist: its entries, what they share and what they load when
// it is needed as modules of their own, their declarations, and the licences of what
// is in it.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cssText } from "../csstext.mjs";
import { entries, external } from "./entries.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "../node_modules");
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: [...entries.values()],
  outdir: dist,
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  target: "es2022",
  charset: "utf8",
  sourcemap: true,
  metafile: true,
  external,
  nodePaths: [modules],
  plugins: [cssText],
});
writeFileSync(join(dist, "licenses.txt"), bundled(metafile).map((name) => `${name}\n\n${readFileSync(join(modules, name, "LICENSE"), "utf8")}`).join("\n\n"));
const tsc = join(modules, "typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", here, "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rewriteRelativeImportExtensions", "--rootDir", join(here, "src"), "--outDir", dist], { stdio: "inherit" });

/** The packages of others that are in what was built. */
function bundled({ inputs }) {
  const names = Object.keys(inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}
