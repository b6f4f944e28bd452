// The whole sequence with its two real ends: Chromium is the website, the Go
// program the wallet.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { built, Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const record = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17];

// What must come before what. It is less than the order of the record: the offer
// (13) answers the scan (5), and is noted when the server has confirmed it, the wallet's answer (14) comes with the claim,
// candidates (15) do not wait for the wallet to subscribe (12), and the cookie (8)
// is fetched once the channel is open or a moment has passed.
const causes = [[2, 3], [2, 4], [4, 5], [4, 10], [5, 13], [6, 7], [7, 10], [10, 8], [10, 12], [10, 14], [14, 15], [12, 16], [14, 17]];

test("a page and a wallet link by QR code, talk, outlive the server, and part", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  assert.equal(await site.scan(), link, "what the QR code says, and the link as text");

  const wallet = new Wallet(t, link);
  const opened = await wallet.event("open");
  await site.phase("connected");
  await site.allArrows();
  checkArrows(await site.arrows(), await site.seen());
  assert.equal(await site.text("account"), built.account);
  assert.equal((await wallet.event("linked")).account, built.account);
  assert.equal((await wallet.event("request")).verified, true);
  assert.equal(opened.assurance, "sealed+origin");
  // A check that overtakes its candidate comes from an address that nobody told, which is
  // no local one until the path is read again.
  assert.match(opened.path, /^(host|srflx)$/);
  assert.equal(await site.text("assurance"), "sealed end to end, site verified");
  assert.match(await site.says("locality", /ms$/), /^same network(, says the server)?, (under 1|\d+) ms$/);
  await site.says("path", /^host$/);
  assert.match(await site.says("rtt", /ms$/), /^(under 1|\d+) ms$/);

  await talk(site, wallet);

  await server.kill();
  await site.says("status", /^The server is gone\. You are still connected directly\.$/);
  assert.equal(await site.part("error").isVisible(), false, "an alarm although the channel is open");
  await site.say("still here?");
  assert.equal((await wallet.messages(104)).at(-1), "still here?");
  wallet.type("still here");
  assert.equal((await site.messages("wallet", 104)).at(-1), "still here");

  await site.part("disconnect").click();
  await site.says("error-code", /^canceled$/);
  assert.equal((await wallet.event("closed")).code, "channel_closed");
  assert.equal(await wallet.gone(), 0);
  site.watch.clean();
});

function checkArrows(arrows, seen) {
  assert.deepEqual(arrows.map((a) => a.number), record);
  for (const { number, state, when } of arrows) {
    assert.equal(state, "done", `arrow ${number}`);
    assert.match(when, /^(\d+ ms|[\d.]+ s|\d+:\d\d)$/, `the time of arrow ${number}`);
  }
  assert.deepEqual(seen.toSorted((a, b) => a - b), record, "arrows that came, each once");
  for (const [cause, effect] of causes) {
    assert.ok(seen.indexOf(cause) < seen.indexOf(effect), `arrow ${cause} before ${effect}, but they came as ${seen}`);
  }
}

/** Says everything that could go wrong on the way, in both directions. */
async function talk(site, wallet) {
  const texts = ["hello", "Grüße, 世界 🌍 \u202eabc\u202c <b>&amp;</b>", "x".repeat(65536)];
  for (const text of texts.slice(0, 2)) await site.say(text);
  // A form has a limit of its own, which is lifted here: the channel's is larger.
  await site.part("message-input").evaluate((input) => input.removeAttribute("maxlength"));
  await site.say(texts[2]);
  assert.deepEqual(await wallet.messages(3), texts);
  for (const text of texts) wallet.type(text);
  assert.deepEqual(await site.messages("wallet", 3), texts);

  const burst = Array.from({ length: 100 }, (_, n) => `burst ${n}`);
  await site.page.evaluate((burst) => {
    const input = document.querySelector("[data-testid=message-input]");
    for (const text of burst) {
      input.value = text;
      input.form.requestSubmit();
    }
  }, burst);
  assert.deepEqual((await wallet.messages(103)).slice(3), burst);
  for (const text of burst) wallet.type(text);
  assert.deepEqual((await site.messages("wallet", 103)).slice(3), burst);
}
