// A TURN server, and a STUN server beside it, on this machine.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { folder, within } from "./program.mjs";

/** The address of whatever the server relays, and what it tells everybody of his own:
 * nobody else has either. */
export const relayed = "127.0.0.2";
export const reflexive = "203.0.113.7";

/** Starts both until the test is over, and returns what `--ice-server` takes. */
export async function startTurn(t) {
  const binary = join(folder(t), "turn");
  execFileSync("go", ["build", "-o", binary, "./testdata/turn"], { cwd: fileURLToPath(new URL(".", import.meta.url)), stdio: "inherit" });
  const server = spawn(binary, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => server.kill());
  const [line] = await within(once(createInterface({ input: server.stdout }), "line"), () => "the TURN server to tell its address");
  const [turn, stun] = line.split("\t");
  return { turn, stun };
}
