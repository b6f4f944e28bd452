// The React hook in Chromium, with the real React in strict mode, against the real
// server and the Go wallet.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { launch, Watch } from "./browser.mjs";
import { bundle } from "./bundle.mjs";
import { patience, Server, Wallet } from "./program.mjs";

let browser;
let scripts;
before(async () => {
  // Strict mode does nothing in a build for production.
  scripts = await bundle("e2e/pages/react.js", { define: { "process.env.NODE_ENV": '"development"' } });
  browser = await launch();
});
after(() => browser?.close());

/** The page on the server's own origin, as a site has it that mounts the server. */
class ReactPage {
  challenges = 0;
  sockets = 0;

  static async open(t, origin, query = "") {
    const context = await browser.newContext();
    t.after(() => context.close());
    context.setDefaultTimeout(patience);
    const site = new ReactPage();
    site.watch = new Watch(context, origin);
    await site.watch.begin(context);
    await context.route(`${origin}/react/**`, (route) => {
      route.fulfill({ contentType: "text/javascript", body: scripts.get(new URL(route.request().url()).pathname.replace("/react", "")) });
    });
    context.on("request", (request) => (site.challenges += request.url().endsWith("/v1/challenge")));
    site.page = await context.newPage();
    site.page.on("websocket", () => site.sockets++);
    // A document of the server's own: Chromium trusts no other with a socket here.
    await site.page.goto(`${origin}/healthz${query}`);
    await site.load();
    return site;
  }

  /** Runs the page's script. */
  async load() {
    await this.page.evaluate(() => void import("/react/entry.js"));
  }

  /** Waits until the component shows this, and returns all that it shows. */
  async shows(attributes) {
    const selector = Object.entries(attributes).map(([name, value]) => `[data-${name}="${value}"]`).join("");
    await this.page.waitForSelector(`#link${selector}`, { state: "attached" }).catch(async () => {
      throw new Error(`the page does not show ${selector}: ${await this.page.evaluate(() => document.body.outerHTML)}`);
    });
    return this.page.$eval("#link", ({ dataset, textContent }) => ({ ...dataset, texts: JSON.parse(textContent) }));
  }

  /** Calls one of the hook's functions. */
  call(name, ...args) {
    return this.page.evaluate(([name, args]) => globalThis.link[name](...args), [name, args]);
  }

  /** What a function of the hook throws. */
  refused(name, ...args) {
    return this.page.evaluate(([name, args]) => {
      try {
        globalThis.link[name](...args);
      } catch (error) {
        return `${error.name}: ${error.code}`;
      }
    }, [name, args]);
  }

  show(whether) {
    return this.page.evaluate((whether) => globalThis.show(whether), whether);
  }
}

async function connected(t, query = "?begin=connect") {
  const server = await Server.start(t);
  const site = await ReactPage.open(t, server.origin, query);
  const { uri } = await site.shows({ phase: "waiting" });
  const wallet = new Wallet(t, uri);
  await wallet.event("open");
  return { server, site, wallet, ...(await site.shows({ phase: "open" })) };
}

test("a component that is mounted twice opens one link, and talks on it", async (t) => {
  const { site, wallet, account, uri } = await connected(t);
  assert.deepEqual([site.challenges, site.sockets], [1, 1]);
  const linked = await wallet.event("linked");
  assert.deepEqual([account, uri], [linked.account, ""]);
  assert.equal((await site.shows({ path: "host" })).assurance, "sealed+origin");
  assert.deepEqual(await site.page.evaluate(() => globalThis.seen), ["idle", "starting", "waiting", "joined", "connecting", "open"]);
  await site.call("send", "hello");
  assert.deepEqual(await wallet.messages(1), ["hello"]);
  for (const [at, text] of ["one", "two"].entries()) {
    wallet.type(text);
    await site.page.waitForFunction((count) => JSON.parse(document.querySelector("#link").textContent).length === count, at + 1);
  }
  assert.deepEqual((await site.shows({ phase: "open" })).texts, ["one", "two"]);

  await site.call("connect");
  assert.equal((await site.shows({ phase: "open" })).account, account, "a link that lives is left alone");
  await site.call("close");
  const { error } = await site.shows({ phase: "closed" });
  assert.equal(error, "canceled");
  assert.equal(await wallet.gone(), 0);
  assert.equal(await site.refused("send", "too late"), "LinkError: channel_closed");
  site.watch.clean();
});

test("it waits for a call, and begins by itself only what can be resumed", async (t) => {
  const server = await Server.start(t);
  const site = await ReactPage.open(t, server.origin);
  await site.page.waitForFunction(() => globalThis.seen?.join() === "idle,starting,idle");
  assert.equal(site.challenges, 0);
  assert.equal(await site.refused("send", "too early"), "LinkError: channel_closed");
  assert.equal(await site.call("confirm", "123456"), undefined);
  await site.call("connect");
  const { uri } = await site.shows({ phase: "waiting", resuming: false });
  const wallet = new Wallet(t, uri);
  await site.shows({ phase: "open" });
  await wallet.event("open");

  // The page is loaded anew.
  await site.page.reload();
  await site.load();
  await wallet.event("open", 1);
  const { account } = await site.shows({ phase: "open", resuming: true });
  // The component goes, and comes back.
  await site.show(false);
  await site.page.waitForSelector("#gone", { state: "attached" });
  await site.show(true);
  await wallet.event("open", 2);
  assert.equal((await site.shows({ phase: "open", resuming: true })).account, account);
  // Another one takes its place at once.
  await site.show("another");
  await wallet.event("open", 3);
  await site.shows({ phase: "open", resuming: true });
  // The wallet goes, and comes back.
  await wallet.interrupt();
  await site.shows({ phase: "waiting", resuming: true, error: "peer_lost", account });
  const again = Wallet.resume(t, wallet.file);
  await again.event("open");
  await site.shows({ phase: "open", error: "", account });
  assert.equal(site.challenges, 1);
  site.watch.clean();
});

test("the short code is asked for, and a wrong one is told", async (t) => {
  const server = await Server.start(t);
  const site = await ReactPage.open(t, server.origin, "?begin=connect&confirm=sas");
  const { uri } = await site.shows({ phase: "waiting" });
  const wallet = new Wallet(t, uri);
  const { shortCode: code } = await wallet.event("code");
  await site.shows({ phase: "code", left: 3 });
  const wrong = code.replaceAll(/\d/g, (digit) => (Number(digit) + 1) % 10);
  assert.deepEqual(await site.call("confirm", wrong), { right: false, left: 2 });
  await site.shows({ phase: "code", left: 2 });
  assert.deepEqual(await site.call("confirm", code), { right: true, left: 2 });
  await site.shows({ phase: "open" });
  site.watch.clean();
});

test("a fresh code takes the place of a wallet that does not come, and an unmounted component asks nothing", async (t) => {
  const { site, wallet } = await connected(t);
  await wallet.interrupt();
  await site.shows({ phase: "waiting", resuming: true });
  await site.call("connect", { fresh: true });
  const { uri } = await site.shows({ phase: "waiting", resuming: false });
  assert.match(uri, /^liquid:/);
  await site.show(false);
  await site.page.waitForSelector("#gone", { state: "attached" });
  const other = new Wallet(t, uri);
  assert.notEqual(await other.gone(), 0);
  site.watch.clean();
});

test("without a server it fails with a sentence, and connects when there is one again", async (t) => {
  const server = await Server.start(t);
  const site = await ReactPage.open(t, server.origin);
  await site.page.waitForFunction(() => globalThis.seen?.join() === "idle,starting,idle");
  await server.kill();
  await site.call("connect");
  const { error, remedy } = await site.shows({ phase: "failed" });
  assert.equal(error, "signaling_unreachable");
  assert.match(remedy, /^[A-Z].*\.$/);
  await server.restart(t);
  await site.call("connect");
  await site.shows({ phase: "waiting", error: "" });
});

test("where there is no browser it renders that nothing has begun", async () => {
  const [, source] = [...(await bundle("sdk/src/react.ts", { external: ["react"], splitting: false }))][0];
  const { useLiaison } = await import(`data:text/javascript;base64,${Buffer.from(source.toString().replaceAll(/from"react"/g, `from"${import.meta.resolve("react")}"`)).toString("base64")}`);
  const Link = () => createElement("p", null, useLiaison().phase);
  assert.equal(renderToString(createElement(Link)), "<p>idle</p>");
});
