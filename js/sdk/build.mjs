// Builds the package into dist: the core, what verifies proofs as a module that is
// loaded when it is needed, their declarations, and the licences of what is in it.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "../node_modules");
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
await build({
  entryPoints: [join(here, "src/index.ts"), join(here, "src/passkeys.ts")],
  outdir: dist,
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  target: "es2022",
  charset: "utf8",
  sourcemap: true,
  nodePaths: [modules],
});
const packages = ["@noble/curves", "@noble/hashes"];
writeFileSync(join(dist, "licenses.txt"), packages.map((name) => `${name}\n\n${readFileSync(join(modules, name, "LICENSE"), "utf8")}`).join("\n\n"));
const tsc = join(modules, "typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", here, "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rewriteRelativeImportExtensions", "--rootDir", join(here, "src"), "--outDir", dist], { stdio: "inherit" });
