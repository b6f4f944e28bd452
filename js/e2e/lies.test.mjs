// A server that lies to the page, and one that looks.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { built, Server, Wallet, within } from "./program.mjs";
import { Proxy } from "./proxy.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

async function behindProxy(t, address = "") {
  const proxy = await Proxy.start(t);
  const server = await Server.start(t, { origin: proxy.origin });
  proxy.forward(server.port);
  return { proxy, open: () => SitePage.open(t, browser, proxy.origin + address) };
}

/** A payload with one bit flipped. */
function flip(d, at = 40) {
  const bytes = Buffer.from(d, "base64url");
  bytes[Math.min(at, bytes.length - 1)] ^= 1;
  return bytes.toString("base64url");
}

const isFrame = (n) => (m) => m.op === "frame" && (m.n ?? 0) === n;
const isLink = (m) => m.op === "link";
const isReleased = (m) => isLink(m) && !m.held;
const other = (account) => account.replace(/.$/, (c) => (c === "A" ? "B" : "A"));
const when = (is, change) => (m) => (is(m) ? change(m) : m);

/** A claim that the server makes up in the place of the wallet's hello. */
function madeUp({ requestId }) {
  const proof = { type: "mx", chain: "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k", address: built.account.split(":")[2], message: "Believe me.", signature: "AAAA" };
  return { op: "link", requestId, account: built.account, proof, answer: { n: 0, d: "AAAA" } };
}

const lies = [
  ["flips a bit of the wallet's hello", "handshake_failed", when(isFrame(0), (m) => ({ ...m, d: flip(m.d) }))],
  ["puts something else in the place of the hello", "handshake_failed", when(isFrame(0), (m) => ({ ...m, d: "A".repeat(200) }))],
  ["drops the hello and says that a wallet has claimed the link", "unsealed_refused", when(isFrame(0), madeUp)],
  // What is subscribed to in that name may be refused before the proof is read.
  ["names another account", "server_mismatch|link_forbidden", when(isLink, (m) => ({ ...m, account: other(m.account) }))],
  ["shows another signature", "server_mismatch", when(isLink, (m) => ({ ...m, proof: { ...m.proof, signature: flip(m.proof.signature) } }))],
  ["shows another text", "server_mismatch", when(isLink, (m) => ({ ...m, proof: { ...m.proof, message: m.proof.message.replace("Version: 1", "Version: 2") } }))],
  ["shows no proof", "server_mismatch", when(isLink, ({ proof, ...m }) => m)],
  ["names another account when the wallet releases its claim", "server_mismatch", when(isReleased, (m) => ({ ...m, account: other(m.account) })), "/?confirm=sas&locality=require"],
  ["shows another signature when the wallet releases its claim", "server_mismatch", when(isReleased, (m) => ({ ...m, proof: { ...m.proof, signature: flip(m.proof.signature) } })), "/?confirm=sas&locality=require"],
  ["flips a bit of the answer", "invalid_peer", when(isLink, (m) => ({ ...m, answer: { ...m.answer, d: flip(m.answer.d, 900) } }))],
  ["hands over the hello as the answer", "invalid_peer", (() => {
    let hello;
    return (m) => {
      if (isFrame(0)(m)) hello = m.d;
      return isLink(m) ? { ...m, answer: { n: 1, d: hello } } : m;
    };
  })()],
  ["flips a bit of a candidate", "invalid_peer", when(isFrame(2), (m) => ({ ...m, d: flip(m.d) }))],
];

for (const [what, code, change, address] of lies) {
  test(`a server that ${what}: ${code}, and nothing passes`, async (t) => {
    const { proxy, open } = await behindProxy(t, address);
    proxy.lie(change);
    const site = await open();
    const wallet = new Wallet(t, await site.link());
    wallet.type("is anybody there?");
    await site.says("error-code", new RegExp(`^(${code})$`));
    assert.equal(await site.page.locator("[data-testid=messages] li").count(), 0);
    await wallet.until(() => wallet.events.find((e) => e.event === "error"), "an error");
    assert.equal(wallet.events.some((e) => e.event === "open"), false);
    assert.deepEqual(site.watch.breaches, []);
    await site.page.reload();
    await site.link(); // nothing of it can be resumed
  });
}

test("a page whose wallet must be near is signed in when the wallet has measured, and collects that when the channel is open", async (t) => {
  const { proxy, open } = await behindProxy(t, "/?confirm=sas&locality=require");
  const held = [];
  const released = new Promise((resolve) => proxy.lie((m) => {
    if (isLink(m)) held.push(m.held === true);
    if (isReleased(m)) resolve();
    return m;
  }));
  const site = await open();
  const asked = [];
  site.page.on("request", (request) => request.method() === "POST" && asked.push(new URL(request.url()).pathname));
  const wallet = new Wallet(t, await site.link());
  const { shortCode } = await wallet.event("code");
  await site.phase("code");
  await within(released, () => "the wallet to release its claim");
  // A socket that comes back is told again.
  assert.deepEqual(held.filter((is, n) => is !== held[n - 1]), [true, false]);
  assert.deepEqual(asked.filter((path) => path === "/v1/session"), []);
  await site.typeCode(shortCode);
  await site.phase("connected");
  await wallet.event("open");
  await site.allArrows();
  assert.deepEqual(asked.filter((path) => path === "/v1/session"), ["/v1/session"]);
  site.watch.clean();
});

test("a server that says of a resumption that it was claimed is not believed, and the page can go on", async (t) => {
  const { proxy, open } = await behindProxy(t);
  const site = await open();
  const wallet = new Wallet(t, await site.link());
  await wallet.event("open");
  await site.phase("connected");
  await wallet.interrupt();
  await site.phase("resuming");
  proxy.lie(when((m) => m.op === "subscribed", (m) => [m, madeUp(m)]));
  await site.page.reload();
  await site.says("error-code", /^server_mismatch$/);
  proxy.lie(undefined);
  await site.page.reload();
  await Wallet.resume(t, wallet.file).event("open");
  await site.phase("connected");
});

test("a server that loses, repeats and turns around what it passes on keeps nobody apart", async (t) => {
  const { proxy, open } = await behindProxy(t);
  let count = 0;
  let kept;
  proxy.lie((m) => {
    if (m.op !== "frame") return m;
    switch (count++ % 4) {
      case 0:
        return [m, m];
      case 1:
        kept = m;
        return undefined; // lost, or late
      case 2:
        return [m, kept];
      default:
        return m;
    }
  });
  const site = await open();
  const wallet = new Wallet(t, await site.link());
  await wallet.event("open");
  await site.phase("connected");
  await site.say("hello");
  assert.deepEqual(await wallet.messages(1), ["hello"]);
  site.watch.clean();
});

test("no server sees the fragment of a link, nor what the two ends say", async (t) => {
  const { proxy, open } = await behindProxy(t);
  let seen = "";
  proxy.watch((_, chunk) => (seen += chunk.toString("latin1")));
  const site = await open();
  // What a page sends on a WebSocket is masked on its way.
  site.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (seen += payload)));
  const link = await site.page.reload().then(() => site.link());
  const fragment = link.split("#")[1];
  const phone = await SitePage.open(t, browser, link.replace(/^liquid:\/\/([^/]+)\//, "http://$1/l/"));
  await phone.page.getByRole("link", { name: "Open in wallet" }).waitFor();
  assert.doesNotMatch(await phone.page.evaluate(() => location.href), /#/);
  await phone.page.reload();
  await phone.page.getByRole("heading", { name: "This link is not complete" }).waitFor();
  const wallet = new Wallet(t, link);
  await wallet.event("open");
  await site.phase("connected");
  await site.say("a secret of the page");
  await wallet.messages(1);
  await site.allArrows();
  assert.match(seen, /GET \/l\/\?requestId=/);
  assert.match(seen, /"op":"send"/);
  for (const secret of [fragment, fragment.slice(2), fragment.slice(10, 40), "a=ice-pwd:", "a=candidate:1", "typ host", "a secret of the page"]) {
    assert.ok(!seen.includes(secret), `the server has seen ${secret}`);
  }
  site.watch.clean();
  phone.watch.clean();
});
