// Bundles the unit tests and runs them with Node's own runner: all, or the files that
// are named.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cssText } from "./csstext.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, ".test");
const named = process.argv.slice(2);
const sources = [join(here, "sdk/test"), join(here, "..", "web/site"), join(here, "..", "web/wallet/test")].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => (named.length > 0 ? named.includes(name) : name.endsWith(".test.ts")))
    .map((name) => join(folder, name)),
);
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: sources,
  outdir: out,
  entryNames: "[name]",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  alias: {
    "@liaison/client/passkeys": join(here, "sdk/src/passkeys.ts"),
    "@liaison/client/requests": join(here, "sdk/src/requests.ts"),
    "@liaison/client/wallet": join(here, "sdk/src/wallet.ts"),
    "@liaison/client": join(here, "sdk/src/index.ts"),
  },
  nodePaths: [join(here, "node_modules")],
  tsconfigRaw: {},
  plugins: [cssText],
  logLevel: "warning",
});
const tests = sources.map((source) => join(out, source.replace(/^.*[\\/]/, "").replace(/\.ts$/, ".mjs")));
process.exit(spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...tests], { stdio: "inherit" }).status ?? 1);
