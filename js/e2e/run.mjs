// Builds the program once, then runs the tests of this folder, or what is named.
import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { executable } from "./browser.mjs";
import { build } from "./program.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const all = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
const named = process.argv.slice(2);
const files = (named.length ? named : all).map((name) => join(here, name));
const tests = files.every((name) => name.endsWith(".test.mjs"));
executable();
const built = build();
const runner = spawn(process.execPath, [...(tests ? ["--test", "--test-concurrency=2", "--test-reporter=spec"] : []), ...files], {
  stdio: "inherit",
  env: { ...process.env, LIAISON_E2E: JSON.stringify(built) },
});
runner.on("exit", (code) => {
  rmSync(built.dir, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
