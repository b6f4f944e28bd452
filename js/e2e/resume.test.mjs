// A pairing outlives the page, the wallet and the server's memory; who has only
// what a script can copy cannot take it up, and a goodbye ends it.
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { Server, Wallet, walletFile } from "./program.mjs";
import { Shop } from "./shop.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** A page and a wallet that are connected. */
async function connected(t, address = "") {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin + address);
  const wallet = new Wallet(t, await site.link(), { yes: false });
  await wallet.event("request");
  wallet.type("y");
  await wallet.event("open");
  await site.phase("connected");
  return { server, site, wallet };
}

/** Says something each way. */
async function talk(site, wallet, text) {
  const heard = (await wallet.messages(0)).length;
  await site.say(`${text} to the wallet`);
  assert.equal((await wallet.messages(heard + 1)).at(-1), `${text} to the wallet`);
  wallet.type(`${text} to the page`);
  await site.page.getByText(`${text} to the page`, { exact: true }).waitFor();
}

test("a page that is loaded anew meets the same wallet, without a scan and without a prompt", async (t) => {
  const { site, wallet } = await connected(t);
  const account = await site.text("account");
  await talk(site, wallet, "before");
  for (const round of [1, 2, 3]) {
    await site.page.reload();
    await wallet.event("open", round);
    await site.phase("connected");
    assert.equal(await site.text("account"), account);
    assert.equal(await site.text("assurance"), "sealed end to end, site verified");
    await talk(site, wallet, `round ${round}`);
  }
  assert.equal(wallet.events.filter((e) => e.event === "request").length, 1);
  assert.ok(!(await site.seen()).includes(3), "a code was shown");
  site.watch.clean();
});

test("a wallet that ends and starts again meets the page again, which keeps what was said", async (t) => {
  const { site, wallet } = await connected(t);
  await talk(site, wallet, "before");
  await wallet.interrupt();
  assert.equal((await wallet.event("left")).resumable, true);
  await site.phase("resuming");
  const again = Wallet.resume(t, wallet.file);
  await again.event("open");
  await site.phase("connected");
  await talk(site, again, "after");
  await site.page.getByText("before to the wallet", { exact: true }).waitFor();

  await again.kill(); // a crash says nothing
  await site.phase("resuming");
  const third = Wallet.resume(t, wallet.file);
  await third.event("open");
  await site.phase("connected");
  await talk(site, third, "after the crash");
  site.watch.clean();
});

test("page and wallet that both begin anew, at a server that remembers nothing, meet again", async (t) => {
  const { server, site, wallet } = await connected(t);
  await server.kill();
  for (const name of readdirSync(server.dir)) if (name.startsWith("liaison.db")) rmSync(join(server.dir, name));
  await wallet.interrupt();
  const later = await server.restart(t);
  assert.equal(later.origin, server.origin);
  await site.page.reload();
  await site.phase("resuming");
  const again = Wallet.resume(t, wallet.file);
  await again.event("open");
  await site.phase("connected");
  await talk(site, again, "after");
  site.watch.clean();
});

test("a page that waits for its wallet outlives a server that loses its memory", async (t) => {
  const { server, site, wallet } = await connected(t);
  await wallet.interrupt();
  await site.phase("resuming");
  await server.kill();
  for (const name of readdirSync(server.dir)) if (name.startsWith("liaison.db")) rmSync(join(server.dir, name));
  await site.says("status", /out of reach/);
  await server.restart(t);
  await Wallet.resume(t, wallet.file).event("open");
  await site.phase("connected");
  site.watch.clean();
});

/** All that the page keeps, as far as a script can copy it as text and carry it
 * away. That leaves out the keys, and it is all that is tested here: while it runs
 * in the page a script can use them, and derive what the site's end of a resumption
 * needs; and a copy of the browser's profile on disk has them. */
function loot() {
  return new Promise((done, failed) => {
    const request = indexedDB.open("liaison");
    request.onerror = failed;
    request.onsuccess = () => {
      const all = request.result.transaction("resumptions").objectStore("resumptions").getAll();
      all.onsuccess = () => done(JSON.parse(JSON.stringify({ records: all.result, localStorage: { ...localStorage }, sessionStorage: { ...sessionStorage } })));
    };
  });
}

/** Puts records into the store of a page; forged, with keys of the right kind. */
async function plant({ records, forged }) {
  const key = () => crypto.subtle.importKey("raw", crypto.getRandomValues(new Uint8Array(32)), "HKDF", false, ["deriveBits"]);
  const all = await Promise.all(records.map(async (record) => (forged ? { ...record, key: await key() } : record)));
  await new Promise((done, failed) => {
    const request = indexedDB.open("liaison", 1);
    request.onerror = failed;
    request.onupgradeneeded = () => request.result.createObjectStore("resumptions", { autoIncrement: true }).createIndex("id", "id");
    request.onsuccess = () => {
      const transaction = request.result.transaction("resumptions", "readwrite");
      for (const record of all) transaction.objectStore("resumptions").add(record);
      transaction.oncomplete = done;
    };
  });
}

test("what a script can copy out of the storage does not resume, and does not keep the two apart for good", async (t) => {
  const { server, site, wallet } = await connected(t);
  const stolen = await site.page.evaluate(loot);
  assert.equal(stolen.records.length, 1);
  assert.deepEqual([stolen.records[0].key, stolen.localStorage, stolen.sessionStorage], [{}, {}, {}]);
  await site.context.setOffline(true);
  await site.page.close();
  await wallet.event("lost");

  const thief = await SitePage.open(t, browser, server.origin);
  await thief.link();
  await thief.page.evaluate(plant, stolen);
  await thief.page.reload();
  await thief.link(); // the copy is of no use, so there is a code as for anybody

  await thief.page.evaluate(plant, { ...stolen, forged: true });
  await thief.page.reload();
  await thief.says("error-code", /^handshake_failed$/);
  assert.equal(wallet.events.filter((e) => e.event === "open").length, 1);
  await thief.context.close();

  await site.context.setOffline(false);
  site.page = await site.context.newPage();
  await site.page.goto(server.origin);
  const again = Wallet.resume(t, wallet.file);
  await again.event("open");
  await site.phase("connected");
  await talk(site, again, "after");
});

test("after a goodbye of the page neither side can resume", async (t) => {
  const { site, wallet } = await connected(t);
  await site.part("disconnect").click();
  await site.says("error-code", /^canceled$/);
  assert.equal((await wallet.event("closed")).code, "channel_closed");
  assert.equal(await wallet.gone(), 0);
  assert.equal((await Wallet.resume(t, wallet.file).event("error")).code, "resumption_unknown");
  await site.page.reload();
  await site.link();
  assert.deepEqual((await site.page.evaluate(loot)).records, []);
  site.watch.clean();
});

test("after a goodbye of the wallet the page forgets it", async (t) => {
  const { site, wallet } = await connected(t);
  wallet.child.kill("SIGTERM");
  await wallet.gone();
  await site.phase("resuming"); // an interrupt is no goodbye
  const again = new Wallet(t, undefined, { file: wallet.file });
  await again.event("open");
  await site.phase("connected");
  await site.part("disconnect").click();
  await again.gone();
  assert.deepEqual((await site.page.evaluate(loot)).records, []);
});

test("a new code takes the place of the wallet that does not come, and forgetting it needs none", async (t) => {
  const { server, site, wallet } = await connected(t);
  await wallet.interrupt();
  await site.phase("resuming");
  await site.part("new-link").click();
  const link = await site.link();
  await site.page.reload();
  await site.phase("resuming"); // a code that nobody read changes nothing
  await site.part("new-link").click();
  const other = new Wallet(t, await site.link(link));
  await other.event("open");
  await site.phase("connected");
  assert.equal((await site.page.evaluate(loot)).records.length, 1, "pairings that are kept");

  await other.interrupt();
  await site.phase("resuming");
  await site.part("forget").click();
  await site.link();
  assert.deepEqual((await site.page.evaluate(loot)).records, []);
  await site.page.goto(server.origin);
  await site.link();
  site.watch.clean();
});

test("a second page of the same browser that does not share has a code of its own, and each meets its own wallet again", async (t) => {
  const site = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>");
  await site.link(); // with the session of both
  const second = await site.tab();
  const wallets = [];
  for (const [page, flags] of [[site, []], [second, ["--key", "solana"]]]) {
    const wallet = new Wallet(t, await page.link(), { file: walletFile(t), flags });
    await wallet.event("open");
    await page.phase("connected");
    wallets.push(wallet);
  }
  const accounts = [await site.part("account").textContent(), await second.part("account").textContent()];
  // A page that opens its channel forgets what no page uses, as that of one between its
  // documents. So nobody opens before both are there again.
  for (const wallet of wallets) await wallet.interrupt();
  for (const page of [site, second]) await page.phase("resuming");
  for (const page of [site, second]) await page.page.reload();
  for (const page of [site, second]) await page.phase("resuming");
  for (const wallet of wallets) await Wallet.resume(t, wallet.file).event("open");
  for (const page of [site, second]) await page.phase("connected");
  assert.deepEqual([await site.part("account").textContent(), await second.part("account").textContent()].toSorted(), accounts.toSorted());
});

test("what was asked for once holds again: a wallet must be near after a reload, too", async (t) => {
  const { server, site, wallet } = await connected(t, "/?locality=require");
  await site.page.goto(server.origin);
  await wallet.event("open", 1);
  await site.phase("connected");
  await site.says("locality", /required$/);
  site.watch.clean();
});
