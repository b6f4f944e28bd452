// Connections that tear and a server that crashes, at the moments that matter.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { Server, Wallet } from "./program.mjs";
import { Proxy } from "./proxy.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const words = (who) => Array.from({ length: 20 }, (_, n) => `${who} ${n}`);

/** Says twenty things each way and checks that each came once and in order. */
async function talk(site, wallet) {
  const [toWallet, toSite] = [words("site"), words("wallet")];
  for (const text of toSite) wallet.type(text);
  for (const text of toWallet) await site.say(text);
  assert.deepEqual(await wallet.messages(20), toWallet);
  assert.deepEqual(await site.messages("wallet", 20), toSite);
}

/** A server behind a proxy that the browser and the wallet take for it. */
async function behindProxy(t, address = "") {
  const proxy = await Proxy.start(t);
  const server = await Server.start(t, { origin: proxy.origin });
  proxy.forward(server.port);
  const site = await SitePage.open(t, browser, proxy.origin + address);
  return { proxy, server, site, link: await site.link() };
}

const moments = {
  "the wallet's hello passed": { op: /"op":"frame","topic":"link"/, cuts: 1 },
  "the page's welcome passed": { op: /"op":"frame","topic":"join"/, cuts: 1 },
  "the page learned of the claim": { op: /"op":"link"/, cuts: 1 },
  "the first candidate of the wallet passed": { op: /"op":"frame"[^}]*"topic":"answer-/, cuts: 1 },
  "the first candidate of the page passed": { op: /"op":"frame"[^}]*"topic":"offer-/, cuts: 1 },
  "any of the first three frames passed": { op: /"op":"frame"/, cuts: 3 },
};

for (const [moment, { op, cuts }] of Object.entries(moments)) {
  test(`both WebSockets tear when ${moment}: the channel opens, nothing comes twice`, async (t) => {
    const { proxy, site, link } = await behindProxy(t);
    let left = cuts;
    proxy.watch((who, chunk) => {
      if (who !== "server" || left === 0 || !op.test(chunk.toString("latin1"))) return;
      left--;
      proxy.cutWebSockets();
    });
    const wallet = new Wallet(t, link);
    await wallet.event("open");
    await site.phase("connected");
    await talk(site, wallet);
    assert.ok(left < cuts, "nothing was torn");
    site.watch.clean();
  });
}

test("the page's call for its new session is torn with everything else, and made again", async (t) => {
  // With locality the page may ask for its network meanwhile, with the old id.
  const { proxy, site, link } = await behindProxy(t, "/?locality=off");
  // The answer has a cookie: the server has changed the session, and the page never
  // learns its new id.
  let calls = 0;
  let torn = 0;
  proxy.watch((who, chunk) => {
    const text = chunk.toString("latin1");
    if (who === "client" && /^POST \/v1\/session HTTP/.test(text)) calls++;
    if (who !== "server" || calls === 0 || torn > 0 || !/^HTTP\/1.1 20\d [^]*Set-Cookie: liaison=/.test(text)) return;
    torn++;
    proxy.cut();
  });
  const wallet = new Wallet(t, link);
  await wallet.event("open");
  await site.phase("connected");
  await talk(site, wallet);
  await site.allArrows(); // with the session that was collected
  assert.equal(torn, 1, "nothing was torn");
  assert.ok(calls > 1, "the call was not made again");
  site.watch.clean();
});

/** Resolves when both sides are connected, or with the code that both show. */
async function outcome(site, wallet) {
  const ended = await wallet.until(() => wallet.events.find((e) => e.event === "open" || e.event === "error"), "an end");
  if (ended.event === "open") {
    await site.phase("connected");
    await talk(site, wallet);
    return "open";
  }
  await site.phase("failed");
  return ended.code;
}

test("a server that crashes between scan and claim does not keep the two apart", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = new Wallet(t, await site.link(), { yes: false });
  await wallet.event("request");
  await server.restart(t);
  wallet.type("y");
  assert.equal(await outcome(site, wallet), "open");
  site.watch.clean();
});

test("a server that crashes between claim and channel does not keep the two apart", async (t) => {
  const { proxy, server, site, link } = await behindProxy(t);
  const crashed = new Promise((resolve) => {
    const done = proxy.watch((who, chunk) => {
      // The wallet has the answer to its claim and asks for the site's frames.
      if (who !== "server" || !/"op":"subscribed","topic":"offer-/.test(chunk.toString("latin1"))) return;
      done();
      server.child.kill("SIGKILL");
      proxy.forward(0);
      proxy.cut();
      resolve(server.restart(t).then((again) => proxy.forward(again.port)));
    });
  });
  const wallet = new Wallet(t, link);
  await crashed;
  assert.equal(await outcome(site, wallet), "open");
  site.watch.clean();
});

/** Tears everything once, at the answer to a call that a client made. */
function tearAnswer(proxy, call) {
  let called = false;
  let torn = 0;
  const done = proxy.watch((who, chunk) => {
    const text = chunk.toString("latin1");
    if (who === "client" && call.test(text)) called = true;
    if (who !== "server" || !called || !/^HTTP\/1\.1 20\d /.test(text)) return;
    done();
    torn++;
    proxy.cut();
  });
  return () => assert.equal(torn, 1, "nothing was torn");
}

const calls = {
  "the page's offer": /^POST \/v1\/links\/[^/ ]+\/offer HTTP/,
  "the wallet's join": /^POST \/v1\/links\/[^/ ]+\/join HTTP/,
  "the wallet's claim": /^POST \/v1\/links\/[^/ ]+ HTTP/,
};

for (const [name, call] of Object.entries(calls)) {
  test(`the answer to ${name} is lost, with everything else: it is made again, and the channel opens`, async (t) => {
    const { proxy, site, link } = await behindProxy(t);
    const torn = tearAnswer(proxy, call);
    const wallet = new Wallet(t, link);
    await wallet.event("open");
    await site.phase("connected");
    torn();
    await talk(site, wallet);
    site.watch.clean();
  });
}
