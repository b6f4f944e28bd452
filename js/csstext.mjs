// Style sheets of the modal go into its script, as text without the blanks.
import { readFile } from "node:fs/promises";
import { transform } from "esbuild";

export const cssText = {
  name: "css text",
  setup(build) {
    build.onLoad({ filter: /[\\/]modal[\\/][^\\/]+\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text", watchFiles: [path] };
    });
  },
};
