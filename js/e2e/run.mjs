// Builds the program once, then runs the tests of this folder, or what is named.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
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
const failures = join(built.dir, "failures");
// What never ends fails, and its words are kept. The time is that of a whole file.
const runs = ["--test", "--test-concurrency=2", "--test-timeout=2400000"];
const says = ["--test-reporter=spec", "--test-reporter-destination=stdout", `--test-reporter=${join(here, "failures.mjs")}`, `--test-reporter-destination=${failures}`];
const runner = spawn(process.execPath, [...(tests ? [...runs, ...says] : []), ...files], {
  stdio: "inherit",
  env: { ...process.env, LIAISON_E2E: JSON.stringify(built) },
});
runner.on("exit", (code) => {
  const failed = existsSync(failures) ? readFileSync(failures, "utf8") : "";
  if (failed) process.stdout.write(`\nWhat failed, in short:\n${failed}`);
  rmSync(built.dir, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
