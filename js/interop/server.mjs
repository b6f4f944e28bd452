// Builds and runs the server under test.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Builds the server once; remove() deletes it. */
export function buildServer() {
  const folder = mkdtempSync(join(tmpdir(), "interop-"));
  const binary = join(folder, "conformance");
  const built = spawnSync("go", ["build", "-o", binary, "./socketio/conformance"], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) throw new Error("the server does not build");
  return { binary, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Runs the server until stop() is called. The heartbeat is quick, but patient
 * with a machine that has other things to do.
 */
export async function startServer(binary, listen = "127.0.0.1:0") {
  const args = ["-listen", listen, "-mode", "socketio", "-ping-interval", "200ms", "-ping-timeout", "20s", "-connect-timeout", "20s"];
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const address = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return {
    address,
    url: `http://${address}`,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
