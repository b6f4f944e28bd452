// The server against the oldest and the newest client in a real browser, on each
// transport, from a page of another site that sends no credentials.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { executable } from "../e2e/browser.mjs";
import { buildServer, startServer } from "./server.mjs";

const lines = ["4.0", "4.8"];
const kinds = {
  "polling, then upgrade": ["polling", "websocket"],
  "polling alone": ["polling"],
  "WebSocket alone": ["websocket"],
};

const require = createRequire(import.meta.url);
const scripts = new Map(
  lines.map((line) => {
    const folder = dirname(require.resolve(`socket.io-client-${line}/package.json`));
    return [`/${line}.js`, readFileSync(join(folder, "dist", "socket.io.min.js"))];
  }),
);

/** Serves pages that load one of the clients, each under the address "/LINE". */
async function servePages() {
  const server = createServer(({ url }, response) => {
    const script = scripts.get(url);
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    response.end(script ?? `<!doctype html><title>Tests</title><link rel="icon" href="data:,"><script src="${url}.js"></script>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Runs in the page. */
async function useServer({ url, transports }) {
  const open = (namespace) => globalThis.io(url + namespace, { transports, forceNew: true, reconnectionDelay: 20, auth: { token: "x" } });
  const next = (emitter, name) => new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
  const ask = (socket, name, ...args) => new Promise((resolve) => socket.emit(name, ...args, (...answer) => resolve(answer)));
  const numbers = (data) => [...new Uint8Array(data)];

  const socket = open("/interop");
  const auth = await next(socket, "auth");
  const got = [];
  const all = new Promise((resolve) => socket.on("message-back", (n) => got.push(n) === 200 && resolve()));
  for (let i = 0; i < 200; i++) {
    socket.emit("message", i);
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve)); // while it is being upgraded
  }
  await all;
  const [text, object] = await ask(socket, "message-with-ack", "ü\u001e😀", { a: [Uint8Array.of(1, 2, 255)], b: new Uint8Array() });
  socket.on("question", (data, answer) => answer("bytes", data));
  const [word, data] = await ask(socket, "ask", Uint8Array.of(30, 0));
  let transport;
  do [transport] = await ask(socket, "transport");
  while (transport !== transports.at(-1));
  const [refusal] = await next(open("/refused"), "connect_error");
  const gone = next(socket, "disconnect");
  socket.emit("hang-up");
  return {
    auth,
    ordered: got.every((n, i) => n === i),
    echo: [text, numbers(object.a[0]), numbers(object.b)],
    answer: [word, numbers(data)],
    transport,
    refusal: [refusal.message, refusal.data.code],
    gone: (await gone)[0],
    cookies: document.cookie,
  };
}

describe("Chromium", () => {
  let built, server, pages, browser;
  before(async () => {
    built = buildServer();
    server = await startServer(built.binary);
    pages = await servePages();
    browser = await chromium.launch({
      executablePath: executable(),
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
      ],
    });
  });
  after(async () => {
    await browser?.close();
    pages?.closeAllConnections();
    pages?.close();
    await server?.stop();
    built?.remove();
  });

  for (const line of lines) {
    for (const [kind, transports] of Object.entries(kinds)) {
      test(`socket.io-client ${line}, ${kind}`, { timeout: 60_000 }, async (t) => {
        const context = await browser.newContext();
        t.after(() => context.close());
        const page = await context.newPage();
        const errors = [];
        page.on("pageerror", (error) => errors.push(String(error)));
        // By its name the page is of another site than the server, which has a number.
        await page.goto(`http://localhost:${pages.address().port}/${line}`);
        assert.deepEqual(await page.evaluate(useServer, { url: server.url, transports }), {
          auth: [{ token: "x" }],
          ordered: true,
          echo: ["ü\u001e😀", [1, 2, 255], []],
          answer: ["bytes", [30, 0]],
          transport: transports.at(-1),
          refusal: ["not you", 7],
          gone: "io server disconnect",
          cookies: "",
        });
        assert.deepEqual(errors, []);
      });
    }
  }
});
