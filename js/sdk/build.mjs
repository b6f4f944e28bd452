// Builds the package into dist: one module and its declarations.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
await build({
  entryPoints: [join(here, "src/index.ts")],
  outdir: dist,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  sourcemap: true,
});
const tsc = join(here, "../node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", here, "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rewriteRelativeImportExtensions", "--rootDir", join(here, "src"), "--outDir", dist], { stdio: "inherit" });
