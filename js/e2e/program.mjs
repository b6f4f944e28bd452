// The real program: built once, run as server and as wallet. Nothing here waits
// for a time to pass; everything waits for a line, a socket or an exit, and gives
// up after a deadline.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** How long anything on this machine may take, in milliseconds. */
export const patience = 60_000;

/** Rejects with a sentence if a promise does not settle in time. */
export async function within(promise, what, ms = patience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()}: not after ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Builds the static binary and a wallet into a folder, and returns what
 * {@link Program} needs to know. */
export function build() {
  const dir = mkdtempSync(join(tmpdir(), "liaison-e2e-"));
  const binary = join(dir, "liaison");
  const wallet = join(dir, "wallet.age");
  execFileSync("go", ["build", "-trimpath", "-o", binary, "./cmd/liaison"], { cwd: root, stdio: "inherit", env: { ...process.env, CGO_ENABLED: "0" } });
  const shown = execFileSync(binary, ["wallet", "show", "--wallet", wallet], { env: { ...process.env, ...secret }, stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" });
  const accounts = shown.trim().split("\n");
  return { dir, binary, wallet, accounts, account: accounts[0] };
}

const secret = { LIAISON_PASSPHRASE: "correct horse battery staple" };

/** What was built. The runner hands it on so that it is built once. */
export const built = process.env.LIAISON_E2E ? JSON.parse(process.env.LIAISON_E2E) : undefined;

/** Where programs keep what they write: in memory, if there is room. They write durably,
 * and a disk that has much to write lets them wait. */
const memory = "/dev/shm";
export const scratch = existsSync(memory) && room(memory) > 256 << 20 ? memory : tmpdir();

function room(path) {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** A folder of its own for each test, gone afterwards. */
export function folder(t, place = tmpdir()) {
  const dir = mkdtempSync(join(place, "liaison-e2e-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** One run of the binary. */
class Run {
  /** Every line of standard output so far. */
  lines = [];
  stderr = "";
  #waiting = new Set();
  #over = false;

  constructor(args, env = {}) {
    this.name = args.slice(0, 2).join(" ");
    this.child = spawn(built.binary, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...secret, ...env } });
    this.child.stdin.on("error", () => {}); // it may have ended already
    this.child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
      this.#look();
    });
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.heard?.(line);
      this.#look();
    });
    const read = once(this.child, "close"); // all that it wrote
    this.ended = once(this.child, "exit").then(async ([code, signal]) => {
      await within(read, () => "the end of its output", 5_000).catch(() => {}); // a pipe may outlive it
      this.#over = true;
      this.#look();
      return code ?? signal;
    });
  }

  /** Resolves with what find returns as soon as that is something. */
  async until(find, what) {
    let wake;
    const found = new Promise((resolve, reject) => {
      wake = () => {
        const value = find();
        if (value !== undefined) resolve(value);
        else if (this.#over) reject(new Error(`${this.name} ended before ${what}: ${this.#told()}`));
      };
    });
    this.#waiting.add(wake);
    wake();
    return within(found, () => `${this.name} to tell ${what}; it told: ${this.#told()}`).finally(() => this.#waiting.delete(wake));
  }

  /** The exit code, once it has ended by itself. */
  async gone() {
    try {
      return await within(this.ended, () => `${this.name} to end by itself; it told: ${this.#told()}`);
    } catch (error) {
      this.child.kill("SIGQUIT"); // it says what its goroutines wait for
      await within(this.ended, () => "its end").catch(() => {});
      const calls = new Set(this.stderr.match(/^(github\.com|internal|sync)\S*\(/gm));
      throw new Error(`${error.message}; in ${[...calls].slice(0, 40).join(" ")}`, { cause: this.stderr });
    }
  }

  /** Ends it at once, as a crash would, and waits until it is gone. */
  async kill() {
    this.child.kill("SIGKILL");
    await within(this.ended, () => `${this.name} to be gone`);
  }

  #look() {
    for (const wake of this.#waiting) wake();
  }

  #told() {
    return [...this.lines, this.stderr].join("\n").slice(-2000);
  }
}

/** `liaison serve`, listening on a port that the system chose. */
export class Server extends Run {
  /** Starts it and waits until it serves. port is one that was used before;
   * origin is what the browser sees if that is something else. */
  static async start(t, { dir = folder(t, scratch), port = 0, origin, flags = [] } = {}) {
    const where = ["--listen", `localhost:${port}`, "--data", join(dir, "liaison.db"), "--metrics-listen", "off"];
    const server = new Server(["serve", ...where, ...(origin ? ["--origin", origin] : []), ...flags]);
    t.after(() => server.kill());
    server.dir = dir;
    server.flags = flags;
    server.origin = await server.until(() => /^Liaison is at (\S+)$/.exec(server.lines.join("\n"))?.[1], "its address");
    server.port = await server.until(() => {
      const address = /"msg":"serving","listen":"[^"]*:(\d+)"/.exec(server.stderr)?.[1];
      return address && Number(address);
    }, "its port");
    return server;
  }

  /** Kills it and starts another one on the same data and port. */
  async restart(t) {
    await this.kill();
    const end = Date.now() + patience;
    for (;;) {
      try {
        return await Server.start(t, { dir: this.dir, port: this.port, origin: this.origin, flags: this.flags });
      } catch (error) {
        // Somebody's call may have the port for its own end, for a moment.
        if (!/address already in use/.test(error.message) || Date.now() > end) throw error;
      }
    }
  }
}

/** A wallet's file, and beside it its pairings, for one test alone. */
export function walletFile(t) {
  const file = join(folder(t, scratch), "wallet.age");
  copyFileSync(built.wallet, file);
  return file;
}

/** `liaison link`. */
export class Site extends Run {
  /** What it told, one object an event. */
  events = [];

  constructor(t, origin, flags = []) {
    super(["link", "--json", "--server", origin, "--keep-open", ...flags]);
    t.after(() => this.kill());
  }

  heard(line) {
    this.events.push(JSON.parse(line));
  }

  /** Waits for the first event of a kind. */
  event(kind) {
    return this.until(() => this.events.find((e) => e.event === kind), `the event ${kind}`);
  }

  /** Types a line. */
  type(line) {
    this.child.stdin.write(`${line}\n`);
  }
}

/** `liaison wallet connect`, or `resume` where there is no link. */
export class Wallet extends Run {
  /** What it told, one object an event. */
  events = [];

  constructor(t, link, { yes = true, flags = [], file = walletFile(t) } = {}) {
    super(["wallet", ...(link ? ["connect", link, ...(yes ? ["--yes"] : [])] : ["resume"]), "--json", "--wallet", file, "--keep-open", ...flags]);
    this.file = file;
    t.after(() => this.kill());
  }

  /** Meets the site of an earlier run again. */
  static resume(t, file, options = {}) {
    return new Wallet(t, undefined, { ...options, file });
  }

  heard(line) {
    this.events.push({ ...JSON.parse(line), at: performance.timeOrigin + performance.now() });
  }

  /** Waits for the first event of a kind, or the one after so many others. */
  event(kind, after = 0) {
    return this.until(() => this.events.filter((e) => e.event === kind)[after], `the event ${kind}`);
  }

  /** Ends it as a person does, with Ctrl-C. */
  async interrupt() {
    this.child.kill("SIGINT");
    await this.gone();
  }

  /** What the page said, waiting until there are so many messages. */
  async messages(count) {
    const said = () => this.events.filter((e) => e.event === "message").map((e) => e.data);
    return this.until(() => (said().length >= count ? said() : undefined), `${count} messages`);
  }

  /** Types a line. */
  type(line) {
    this.child.stdin.write(`${line}\n`);
  }
}
