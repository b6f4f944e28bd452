// `make dev` over a copy of the sources: pages are built and loaded anew when one of
// them changes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, SitePage } from "./browser.mjs";
import { folder, scratch, within } from "./program.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const compiling = 180_000; // milliseconds: the copy is compiled as a whole

let browser;
let copy;
before(async () => {
  browser = await launch();
  copy = mkdtempSync(join(tmpdir(), "liaison-dev-test-"));
  const others = new Set([".git", "node_modules"]);
  cpSync(root, copy, { recursive: true, filter: (path) => !others.has(basename(path)) });
  symlinkSync(join(root, "js/node_modules"), join(copy, "js/node_modules"), "dir");
});
after(async () => {
  await browser?.close();
  rmSync(copy, { recursive: true, force: true });
});

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts it, and waits until it says where the pages are. */
async function start(t) {
  const port = await freePort();
  const child = spawn(process.execPath, ["dev.mjs", "--data", join(folder(t, scratch), "liaison.db"), "--metrics-listen", "off"], { cwd: join(copy, "js"), env: { ...process.env, PORT: port }, stdio: ["pipe", "pipe", "pipe"] });
  // It waits for builder and server before it ends.
  const ended = once(child, "exit").then(([code, signal]) => code ?? signal);
  let told = "";
  t.after(async () => {
    child.kill(); // gently: others depend on it
    await within(ended, () => `the end of make dev; it said: ${told}`);
  });
  const waiting = new Set();
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding("utf8").on("data", (text) => {
      told += text;
      waiting.forEach((look) => look());
    });
  }
  /** Waits until it says something, and returns what. */
  const heard = (pattern, ms) => {
    const said = new Promise((resolve, reject) => {
      const look = () => pattern.test(told) && resolve(pattern.exec(told));
      waiting.add(look);
      look();
      ended.then((code) => reject(new Error(`it ended with ${code}: ${told}`)));
    });
    return within(said, () => `make dev to say ${pattern}; it said: ${told}`, ms);
  };
  const origin = `http://localhost:${port}`;
  await heard(new RegExp(`: ${origin}, ${origin}/wallet/\n`), compiling);
  const [, upstream] = await heard(/"msg":"serving","listen":"[^"]*:(\d+)"/);
  return { child, ended, origin, heard, ports: [port, Number(upstream)] };
}

/** Changes one source. */
function change(path, from, to) {
  const file = join(copy, path);
  const text = readFileSync(file, "utf8");
  assert.ok(text.includes(from), `${path} has no ${from}`);
  const beside = join(copy, "changed"); // so that nobody reads half of it
  writeFileSync(beside, text.replace(from, to));
  renameSync(beside, file);
}

/** Waits until the page was loaded anew and something holds in it. */
async function anew(page, holds, argument) {
  await page.waitForFunction(([holds, argument]) => !globalThis.before && new Function("argument", `return (${holds})(argument)`)(argument), [String(holds), argument]);
  await page.evaluate(() => (globalThis.before = true));
}

test("each source that changes is built, and each open page loads itself anew", async (t) => {
  const { origin, heard } = await start(t);
  const site = await SitePage.open(t, browser, origin, { bypassCSP: true });
  await site.link(); // sockets, too, get through to the server
  const wallet = await site.context.newPage();
  await wallet.goto(`${origin}/wallet/`);
  for (const page of [site.page, wallet]) await page.evaluate(() => (globalThis.before = true));

  change("web/wallet/words.ts", "Make your wallet", "Made by the test");
  await anew(wallet, (text) => document.body.innerText.includes(text), "Made by the test");
  await anew(site.page, () => true);
  await site.link();

  change("web/site/index.html", "<title>", "<title>changed ");
  await anew(site.page, () => true);
  assert.match(await (await fetch(origin)).text(), /<title>changed /);
  change("web/site/site.css", ":root", ":root { --of-the-test: 1 } :root");
  await anew(site.page, () => getComputedStyle(document.documentElement).getPropertyValue("--of-the-test") === "1");

  // What cannot be built leaves the pages as they are.
  change("js/sdk/src/modal/view.ts", "import ", "import of nothing; import ");
  await heard(/1 error/);
  assert.equal((await fetch(origin)).status, 200);
  assert.match(await (await fetch(origin)).text(), /changed/);
  change("js/sdk/src/modal/view.ts", "import of nothing; ", "");
  await anew(site.page, () => true);
  change("js/sdk/src/modal/locale.ts", "", "globalThis.ofTheTest = 1;\n");
  await anew(site.page, () => globalThis.ofTheTest === 1);
  await site.link();
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  test(`${signal} ends it, and all that it has started`, async (t) => {
    const { child, ended, ports } = await start(t);
    child.kill(signal);
    assert.equal(await within(ended, () => "the end of all three"), 0);
    for (const port of ports) {
      const socket = connect(port, "127.0.0.1");
      assert.equal(await new Promise((resolve) => socket.on("connect", () => resolve("somebody listens")).on("error", ({ code }) => resolve(code))), "ECONNREFUSED");
      socket.destroy();
    }
  });
}
