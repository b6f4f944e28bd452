// The package as an application bundles it, for whoever looks at what comes out.
import { relative } from "node:path";
import { build } from "esbuild";
import { cssText } from "../csstext.mjs";
import { external } from "./entries.mjs";

/** Bundles what esbuild's options say, in their working directory. Returns what each
 * output imports, and what it holds, by its path from there. */
export async function bundle(options) {
  const { metafile, outputFiles } = await build({
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
    ...options,
  });
  const contents = new Map(outputFiles.map(({ path, contents }) => [relative(options.absWorkingDir, path), Buffer.from(contents)]));
  return { outputs: metafile.outputs, contents };
}

/** The paths of what a page loads at first: an output, and all that is imported at once. */
export function closure(outputs, path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: next, kind, external } of outputs[path].imports) {
    if (kind === "import-statement" && !external) closure(outputs, next, seen);
  }
  return seen;
}
