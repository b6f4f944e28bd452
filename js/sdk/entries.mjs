// The entries of the package, as its package.json says them.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { exports, peerDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/** Where each entry's source is, by the entry's name: ".", "./wallet". */
export const entries = new Map(
  Object.entries(exports)
    .filter(([, target]) => typeof target === "object")
    .map(([name, target]) => [name, join(here, target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts"))]),
);

/** What is never bundled: the application has it, or does without. */
export const external = Object.keys(peerDependencies);
