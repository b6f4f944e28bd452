// The wallet's page as a person uses it, against the real program and the site's page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, profile, SitePage } from "./browser.mjs";
import { film, withCamera } from "./film.mjs";
import { folder, Server, Site, walletFile, Wallet } from "./program.mjs";
import { filePassphrase, inFront, passphrase, WalletPage } from "./wallet.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const open = (t, server, options) => WalletPage.open(t, browser, server.origin, options);

/** A wallet that is made, and a site that shows its code. */
async function both(t, { query = "", flags, ...options } = {}) {
  const server = await Server.start(t, { ...(flags && { flags }) });
  const site = await SitePage.open(t, browser, `${server.origin}/${query}`);
  const wallet = await open(t, server, options);
  await wallet.make();
  await wallet.view("home");
  return { server, site, wallet };
}

/** The same once they are connected. */
async function linked(t, options) {
  const all = await both(t, options);
  await all.wallet.paste(await all.site.link());
  await all.wallet.agree();
  await all.wallet.view("talk");
  await all.site.phase("connected");
  return all;
}

test("a wallet is made with a passkey, and unlocked by it after a reload", async (t) => {
  const server = await Server.start(t);
  const wallet = await open(t, server, { prf: true, permissions: ["clipboard-read", "clipboard-write"] });
  await wallet.view("start");
  await wallet.accessible("at first");
  await wallet.part("make-passkey").click();
  await wallet.view("home");
  const addresses = await wallet.addresses();
  assert.equal(addresses.length, 3);
  await wallet.accessible("at home");
  await Promise.all([wallet.says("copy-address", /^Copied$/), wallet.part("copy-address").nth(1).click()]);
  assert.equal(await wallet.page.evaluate(() => navigator.clipboard.readText()), addresses[1]);
  await wallet.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await wallet.part("copy-address").first().click();
  await wallet.says("copy-address", /^Selected$/);
  assert.equal(await wallet.page.evaluate(() => getSelection().toString()), addresses[0]);
  await wallet.load();
  await wallet.view("locked");
  await wallet.accessible("locked");
  assert.equal(await wallet.part("passphrase").count(), 0);
  await wallet.part("unlock-passkey").click();
  await wallet.view("home");
  assert.deepEqual(await wallet.addresses(), addresses);
  await wallet.part("settings").click();
  await wallet.view("settings");
  await wallet.accessible("in its settings");
  wallet.clean();
});

test("a device whose passkeys do not encrypt is told so, and a passphrase is taken", async (t) => {
  const server = await Server.start(t);
  const wallet = await open(t, server, { prf: false });
  await wallet.part("make-passkey").click();
  await wallet.says("problem", /passkeys of this device cannot encrypt\. Use a passphrase/);
  await wallet.part("new-passphrase").fill("too short");
  await wallet.part("repeat-passphrase").fill("too short");
  await wallet.part("make-passphrase").click();
  await wallet.says("problem", /at least ten/);
  await wallet.part("new-passphrase").fill(passphrase);
  await wallet.part("make-passphrase").click();
  await wallet.says("problem", /not the same/);
  await wallet.make();
  await wallet.view("home");
  const addresses = await wallet.addresses();
  await wallet.part("lock").click();
  await wallet.unlock("wrong horse battery");
  await wallet.says("problem", /not the passphrase/);
  await wallet.unlock();
  await wallet.view("home");
  assert.deepEqual(await wallet.addresses(), addresses);
  wallet.clean();
});

test("a person chooses which addresses sites are told, and is told what that costs where there is no relay", async (t) => {
  const { site, wallet } = await both(t);
  await wallet.part("settings").click();
  assert.equal(await wallet.part("candidates").inputValue(), "host");
  await wallet.part("candidates").selectOption({ label: "none, only a relay’s" });
  await wallet.load();
  await wallet.unlock();
  await wallet.view("home");
  await wallet.part("settings").click();
  assert.equal(await wallet.part("candidates").inputValue(), "relay");
  await wallet.part("back").click();
  await wallet.paste(await site.link());
  await wallet.view("failure");
  await wallet.says("failure", /found no path to each other/);
  await wallet.says("remedy", /relay \(TURN\)\. Or let sites be told more addresses/);
  wallet.clean();
});

test("the passphrase is changed, and a passkey added and removed, by who is there", async (t) => {
  const server = await Server.start(t);
  const wallet = await open(t, server, { prf: true });
  await wallet.make();
  await wallet.view("home");
  await wallet.part("settings").click();
  await wallet.says("only-way", /only way to unlock\. Add a passkey first/);
  const change = async (form, fields, button) => {
    await wallet.part(form).locator("summary").click();
    for (const [name, value] of Object.entries(fields)) await wallet.part(name).fill(value);
    await wallet.part(button).click();
  };
  const other = "another passphrase";
  await change("set-passphrase", { "fresh-passphrase": other, "fresh-repeat": other, "set-passphrase-current": "wrong horse battery" }, "set-passphrase-go");
  await wallet.says("problem", /not the passphrase/);
  await wallet.part("set-passphrase-current").fill(passphrase);
  await wallet.part("set-passphrase-go").click();
  await wallet.says("done", /passphrase is changed/);
  await change("add-passkey", { "add-passkey-current": other }, "add-passkey-go");
  await wallet.says("done", /passkey is added/);
  await wallet.accessible("with two ways to unlock it");
  await change("remove-passphrase", {}, "remove-passphrase-passkey");
  await wallet.says("done", /passphrase is removed/);
  assert.equal(await wallet.part("remove-passkey").count(), 0);
  await wallet.says("only-way", /only way to unlock\. Set a passphrase or add another passkey first/);
  await wallet.part("lock").click();
  await wallet.part("unlock-passkey").click();
  await wallet.view("home");
  wallet.clean();
});

test("what was saved comes back on an empty device, and the same file twice changes nothing", async (t) => {
  const server = await Server.start(t);
  const wallet = await open(t, server);
  await wallet.make();
  await wallet.view("home");
  const addresses = await wallet.addresses();
  await wallet.part("backup-now").click();
  await wallet.part("export-passphrase").fill(filePassphrase);
  await wallet.part("export-repeat").fill(filePassphrase);
  await wallet.part("export-current").fill(passphrase);
  const [download] = await Promise.all([wallet.page.waitForEvent("download"), wallet.part("export-go").click()]);
  assert.match(download.suggestedFilename(), /^liaison-wallet-\d{4}-\d\d-\d\d\.json$/);
  const file = join(folder(t), "backup.json");
  await download.saveAs(file);
  assert.match(JSON.parse(readFileSync(file, "utf8")).about, /backup of a Liaison wallet/);
  await wallet.says("done", /backup is saved/);

  const restore = async () => {
    await wallet.part("restore-form").locator("summary").click();
    await wallet.part("backup-file").setInputFiles(file);
    await wallet.part("file-passphrase").fill(filePassphrase);
    await wallet.part("restore").click();
  };
  await restore();
  await wallet.says("done", /All accounts of the backup were here already/);

  await wallet.part("wipe").click();
  await wallet.part("wipe-not").click();
  await wallet.part("wipe").click();
  await wallet.part("wipe-now").click();
  await wallet.view("start");
  await wallet.says("toast", /Everything was deleted/);
  const left = await wallet.page.evaluate(async () => {
    const database = await new Promise((done) => (indexedDB.open("liaison-wallet").onsuccess = (e) => done(e.target.result)));
    const all = [...database.objectStoreNames].map((name) => new Promise((done) => (database.transaction(name).objectStore(name).count().onsuccess = (e) => done(e.target.result))));
    return Promise.all(all);
  });
  assert.deepEqual(left, [0, 0]);

  await wallet.part("by-backup").locator("summary").click();
  await wallet.part("backup-file").setInputFiles(file);
  await wallet.part("file-passphrase").fill("not of this file");
  await wallet.part("restore").click();
  await wallet.says("problem", /not the passphrase/);
  await wallet.part("file-passphrase").fill(filePassphrase);
  await wallet.part("restore").click();
  await wallet.view("home");
  assert.deepEqual(await wallet.addresses(), addresses);
  assert.equal(await wallet.part("backup-now").count(), 0, "it asks for a backup that there is");
  await wallet.part("lock").click();
  await wallet.unlock(filePassphrase);
  await wallet.view("home");
  wallet.clean();
});

test("from the site's code to a conversation, the digits, and back again after reloads", async (t) => {
  const { site, wallet } = await both(t, { query: "?confirm=sas" });
  await wallet.paste(await site.link());
  await wallet.view("request");
  const host = new URL(site.page.url()).host;
  assert.equal(await wallet.part("origin").textContent(), host);
  assert.equal(await wallet.part("verified").textContent(), "Verified");
  const [address] = await wallet.part("account-algorand").evaluate((input) => [input.labels[0].querySelector("code").textContent]);
  assert.ok((await wallet.part("raw-text").textContent()).startsWith(`${host} wants you to sign in with your Algorand account:\n${address}\n`));
  await wallet.accessible("asked");
  await wallet.part("account-evm").check();
  assert.match(await wallet.part("raw-text").textContent(), /Ethereum account:\n0x/);
  await wallet.agree();
  await wallet.view("talk");
  const code = await wallet.says("short-code", /^\d{3} \d{3}$/);
  await wallet.accessible("showing digits");
  await site.phase("code");
  await site.typeCode(code);
  await site.phase("connected");
  assert.match(await site.text("account"), /^eip155:1:0x/);
  await wallet.says("status", /^Connected directly/);
  await site.say("hello from the page");
  await wallet.says("messages", /hello from the page/);
  await wallet.part("message").fill("<b>hello</b> from the wallet");
  await wallet.part("send").click();
  assert.deepEqual(await site.messages("wallet", 1), ["<b>hello</b> from the wallet"]);
  await wallet.says("rtt", /ms$/);
  await wallet.accessible("talking");

  await site.page.reload();
  await site.phase("connected");
  await wallet.says("status", /^Connected directly/);
  await site.say("and again");
  await wallet.says("messages", /and again/);
  await wallet.load();
  await wallet.unlock();
  await wallet.view("home");
  await site.phase("connected");
  await wallet.says("sites", /here now/);
  await wallet.accessible("at home, with a site");
  await wallet.part("site").click();
  await wallet.part("disconnect").click();
  await site.phase("failed");
  await wallet.says("toast", /was removed/);
  await wallet.says("sites", /No site is linked/);
  wallet.clean();
  site.watch.clean();
});

test("no is the default, and for half a second neither answer does anything", async (t) => {
  const { site, wallet } = await both(t, { clock: true });
  await wallet.page.clock.pauseAt(Date.now() + 60_000);
  await wallet.paste(await site.link());
  await wallet.view("request");
  assert.equal(await wallet.page.evaluate(() => document.activeElement.dataset.testid), "decline");
  const inert = () => wallet.part("decline").getAttribute("aria-disabled");
  assert.equal(await inert(), "true");
  for (const name of ["approve", "decline"]) await wallet.part(name).dispatchEvent("click");
  await wallet.page.keyboard.press("Enter");
  await wallet.view("request");
  await wallet.page.clock.runFor(499);
  assert.equal(await inert(), "true");
  await wallet.page.clock.runFor(1);
  assert.equal(await inert(), "false");
  // Whoever comes back to the window has to read again what is there.
  await wallet.page.evaluate(() => dispatchEvent(new Event("focus")));
  assert.equal(await inert(), "true");
  await wallet.part("approve").dispatchEvent("click");
  await wallet.page.clock.runFor(500);
  await wallet.view("request");
  await wallet.page.keyboard.press("Enter");
  await wallet.view("home");
  await wallet.says("toast", /Declined\. Nothing was signed or shared/);
  await site.phase("failed");
  assert.equal(await site.text("error-code"), "user_rejected");
  wallet.clean();
});

test("who changes his mind while it is signed is not told that nothing happened, and is linked with nobody", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = await WalletPage.open(t, browser, server.origin);
  await wallet.make();
  await wallet.view("home");
  let claimed;
  const held = new Promise((resolve) => (claimed = resolve));
  await wallet.context.route(/\/v1\/links\/[^/]+$/, (route) => (route.request().method() === "POST" ? claimed(route) : route.continue()));
  await wallet.paste(await site.link());
  await wallet.view("request");
  await wallet.armed();
  await wallet.part("approve").click();
  const route = await held;
  await wallet.armed();
  await wallet.part("approve").click({ force: true }); // a second yes is none
  await wallet.part("decline").click();
  await wallet.view("home");
  assert.match(await wallet.page.locator("[data-part=toast]").textContent(), /^Canceled while signing\./);
  await route.continue().catch(() => undefined); // it was given up
  await site.phase("failed");
  assert.equal(await wallet.page.evaluate(() => document.documentElement.dataset.view), "home");
});

test("a site that is not verified is refused, unless its person insists", async (t) => {
  const server = await Server.start(t);
  const wallet = await open(t, server);
  await wallet.make();
  await wallet.view("home");
  const refused = new Site(t, server.origin);
  await wallet.paste((await refused.event("link")).uri);
  await wallet.view("request");
  assert.equal(await wallet.part("verified").textContent(), "Not verified");
  await wallet.accessible("warning of a site");
  await wallet.armed();
  assert.equal(await wallet.part("approve").isVisible(), false);
  await wallet.part("approve").dispatchEvent("click");
  await wallet.view("request");
  await wallet.part("decline").click();
  assert.equal((await refused.event("error")).code, "user_rejected");

  const insisted = new Site(t, server.origin);
  await wallet.paste((await insisted.event("link")).uri);
  await wallet.view("request");
  await wallet.part("sure").check();
  await wallet.agree();
  await wallet.view("talk");
  await insisted.event("open");
  insisted.type("hello");
  await wallet.says("messages", /hello/);
  wallet.clean();
});

test("a link in the address opens the request, and stands nowhere after that", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  const wallet = await open(t, server, { link });
  await wallet.view("start");
  assert.equal(wallet.page.url(), `${server.origin}/wallet/`);
  await wallet.make();
  await wallet.view("request");
  const seen = await wallet.page.evaluate(async () => JSON.stringify([location.href, document.referrer, document.title, { ...localStorage }, { ...sessionStorage }, history.state]));
  const secret = link.split("#1.")[1];
  assert.ok(!seen.includes(secret), seen);
  await wallet.page.goBack();
  assert.ok(!wallet.page.url().includes(secret), wallet.page.url());
  await site.page.waitForFunction(() => document.documentElement.dataset.phase !== "joined"); // its wallet is gone

  await wallet.page.goForward();
  await wallet.unlock();
  await wallet.view("home");
  // The same tab again, as when a link is opened in it.
  const next = await SitePage.open(t, browser, server.origin);
  const second = await next.link();
  await wallet.page.evaluate((link) => void (location.hash = `link=${encodeURIComponent(link)}`), second);
  await wallet.view("request");
  assert.equal(wallet.page.url(), `${server.origin}/wallet/`);
  wallet.clean();
});

test("what goes wrong has a sentence and one way on", async (t) => {
  const { server, site, wallet } = await both(t);
  await wallet.paste("https://example.com/menu");
  await wallet.view("failure");
  await wallet.says("failure", /not a Liaison code/);
  await wallet.accessible("telling what went wrong");
  await wallet.part("failure-next").click();
  await wallet.view("scan");
  await wallet.part("back").click();

  const link = await site.link();
  const first = new Wallet(t, link, { yes: false, file: walletFile(t) });
  await first.event("request");
  await wallet.paste(link);
  await wallet.says("failure", /used this code already/);
  await wallet.part("failure-next").click();
  await wallet.part("back").click();

  await server.kill();
  // It asks for half a minute, and looking may take longer.
  await wallet.page.evaluate(() => {
    const set = setTimeout;
    globalThis.setTimeout = (work, ms, ...more) => set(work, ms === 30_000 ? 600_000 : ms, ...more);
  });
  await wallet.paste(link);
  await wallet.view("asking");
  await wallet.accessible("asking the site");
  await wallet.part("cancel").click();
  await wallet.view("home");
  assert.deepEqual(wallet.watch.breaches, []);
});

test("a site that takes no account of these kinds is told no, and its person why", async (t) => {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const site = new Site(t, server.origin);
  const wallet = await open(t, server);
  await wallet.make();
  await wallet.view("home");
  await wallet.paste((await site.event("link")).uri);
  await wallet.view("failure");
  await wallet.says("failure", /no account of a kind that this wallet has/);
  assert.equal((await site.event("error")).code, "user_rejected");
  await wallet.part("failure-next").click();
  await wallet.view("home");
  wallet.clean();
});

test("a site that says goodbye is gone, also from the list", async (t) => {
  const { site, wallet } = await linked(t);
  await site.part("disconnect").click();
  await wallet.says("failure", /The site ended the link/);
  await wallet.says("remedy", /Scan a new code there/);
  assert.equal(await wallet.page.locator(".emblem.warn").count(), 0, "no alarm");
  await wallet.part("failure-next").click();
  await wallet.view("home");
  await wallet.says("sites", /No site is linked/);
  wallet.clean();
});

test("a site that says goodbye while its person is at home does not go without a word", async (t) => {
  const { site, wallet } = await linked(t);
  await wallet.part("back").click();
  await wallet.says("sites", /here now/);
  await site.part("disconnect").click();
  await wallet.says("toast", /is no longer in the list\. The site ended the link\. Scan a new code there/);
  await wallet.says("sites", /No site is linked/);
  wallet.clean();
});

test("the page reads from left to right, and what a site wrote in its own direction", async (t) => {
  const { site, wallet } = await both(t, { flags: ["--name", "متجر المثال (تجربة)"] });
  await wallet.paste(await site.link());
  await wallet.view("request");
  const direction = (locator) => locator.evaluate((element) => getComputedStyle(element).direction);
  assert.deepEqual(await Promise.all(["origin", "site-name", "countdown"].map((name) => direction(wallet.part(name)))), ["ltr", "rtl", "ltr"]);
  await wallet.agree();
  await site.phase("connected");
  for (const text of ["أهلا بك!", "Welcome!"]) await site.say(text);
  await wallet.says("messages", /Welcome/);
  assert.deepEqual(await Promise.all([0, 1].map((at) => direction(wallet.part("messages").locator("li").nth(at)))), ["rtl", "ltr"]);
  await wallet.accessible("with a site that writes from right to left");
  wallet.clean();
});

test("what a site asks for is answered with no, and its person told in words", async (t) => {
  const { site, wallet } = await linked(t);
  await wallet.says("status", /^Connected directly/);
  const method = `<i>${"x".repeat(121)}</i>`;
  await site.say(JSON.stringify({ jsonrpc: "2.0", id: "1", method: "eth_sendTransaction", params: [{}] }));
  await site.say(JSON.stringify({ jsonrpc: "2.0", id: "1", method: "eth_sendTransaction", params: [{}] }));
  const { error } = await site.page.evaluate((method) => document.querySelector("liaison-connect").shared.request({ method }), method);
  assert.equal(error.code, -32601);
  await site.say("hello");
  await wallet.says("messages", /hello/);
  assert.deepEqual(await wallet.part("messages").locator("li").allTextContents(), [
    "The site asked for eth_sendTransaction. This wallet cannot do that, so nothing was done.",
    `The site asked for ${method}. This wallet cannot do that, so nothing was done.`,
    "hello",
  ]);
  assert.ok(await wallet.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than its window");
  await wallet.accessible("with what the site asked for");
  wallet.clean();
});

test("a site that is removed from the list learns it, and its page says so", async (t) => {
  const { site, wallet } = await linked(t);
  await wallet.part("back").click();
  await wallet.says("sites", /here now/);
  const host = new URL(site.page.url()).host;
  assert.equal(await wallet.part("remove-site").getAttribute("aria-label"), `Remove ${host}`);
  await wallet.part("remove-site").click();
  await wallet.says("toast", new RegExp(`${host} was removed`));
  await wallet.says("sites", /No site is linked/);
  await site.phase("failed");
  assert.equal(await site.text("error-code"), "channel_closed");
  await wallet.load();
  await wallet.unlock();
  await wallet.says("sites", /No site is linked/);
  wallet.clean();
  site.watch.clean();
});

test("a press at home counts, whatever becomes of the site while the button is down", async (t) => {
  const { site, wallet } = await linked(t);
  await wallet.part("back").click();
  await wallet.says("sites", /here now/);
  await wallet.part("site").hover();
  await wallet.page.mouse.down();
  await site.page.close();
  await wallet.says("sites", /not here now/);
  await wallet.page.mouse.up();
  await wallet.view("talk");
  wallet.clean();
});

test("who is at a button of a site stays there when another site goes, and never comes to a button that ends another", async (t) => {
  const { server, site, wallet } = await linked(t);
  const others = [];
  for (let n = 0; n < 2; n++) {
    await wallet.part("back").click();
    others.unshift(await SitePage.open(t, browser, server.origin));
    await wallet.paste(await others[0].link());
    await wallet.agree();
    await wallet.view("talk");
    await others[0].phase("connected");
  }
  await wallet.part("back").click();
  const rows = (count) => wallet.page.waitForFunction((count) => document.querySelectorAll("[data-testid=site]").length === count, count);
  const focused = () => wallet.page.evaluate(() => {
    const { activeElement: at } = document;
    return [at.dataset.testid ?? at.id, [...document.querySelectorAll(".sites li")].findIndex((row) => row.contains(at))];
  });
  await rows(3); // the newest first
  await wallet.part("remove-site").nth(1).focus();
  await others[0].part("disconnect").click();
  await rows(2);
  assert.deepEqual(await focused(), ["remove-site", 0]);
  await others[1].part("disconnect").click();
  await rows(1);
  assert.deepEqual(await focused(), ["site", 0]);
  await site.part("disconnect").click();
  await rows(0);
  assert.deepEqual(await focused(), ["title", -1]);
  wallet.clean();
});

test("both browsers are closed and opened again: the two meet without a scan", async (t) => {
  const server = await Server.start(t);
  const [mine, its] = [profile(t), profile(t)];
  const site = await SitePage.open(t, its, server.origin);
  const wallet = await WalletPage.open(t, mine, server.origin);
  await wallet.make();
  await wallet.view("home");
  await wallet.paste(await site.link());
  await wallet.agree();
  await site.phase("connected");
  await wallet.says("status", /^Connected directly/);
  const account = await site.text("account");
  for (const { context } of [site, wallet]) await context.close();
  const again = await SitePage.open(t, its, server.origin);
  const reopened = await WalletPage.open(t, mine, server.origin);
  await reopened.unlock();
  await reopened.says("sites", /here now/);
  await again.phase("connected");
  assert.equal(await again.text("account"), account);
  await again.say("here again");
  await reopened.part("site").click();
  await reopened.says("messages", /here again/);
  reopened.clean();
  again.watch.clean();
  for (const { context } of [again, reopened]) await context.close(); // before their folders go
});

test("a second tab of the wallet says that the first has the site, and takes it when that is closed", async (t) => {
  const { site, wallet } = await linked(t);
  await wallet.says("status", /^Connected directly/);
  const second = Object.assign(new WalletPage(), { context: wallet.context, watch: wallet.watch, origin: wallet.origin, page: await wallet.context.newPage() });
  await second.load();
  await second.unlock();
  await second.says("sites", /open in another tab/);
  await second.part("remove-site").waitFor({ state: "detached" });
  await second.part("site").click();
  await second.says("status", /open in another tab of this wallet\. Go on there/);
  await second.part("disconnect").waitFor({ state: "hidden" });
  await second.page.locator("[data-testid=send]:disabled").waitFor({ state: "attached" });
  await second.accessible("with a site that another tab has");
  await site.say("still with the first");
  await wallet.says("messages", /still with the first/);
  await wallet.page.close();
  await second.says("status", /^Connected directly/);
  await site.phase("connected");
  await site.say("and now with the second");
  await second.says("messages", /and now with the second/);
  assert.equal(await second.part("disconnect").isVisible(), true);
  second.clean();
});

test("a browser finds nothing that keeps the page from being installed", async (t) => {
  const server = await Server.start(t);
  const wallet = await WalletPage.open(t, profile(t), server.origin);
  await wallet.view("start");
  await wallet.page.evaluate(() => navigator.serviceWorker.ready);
  await wallet.load(); // under the worker
  const cdp = await wallet.context.newCDPSession(wallet.page);
  const { url, errors, manifest } = await cdp.send("Page.getAppManifest");
  assert.deepEqual([url, errors], [`${server.origin}/wallet/manifest.webmanifest`, []]);
  const { id, startUrl, scope, display, icons } = manifest;
  assert.deepEqual([id, startUrl, scope, display, icons.length], [...Array(3).fill(`${server.origin}/wallet/`), "kStandalone", 3]);
  for (const icon of icons) assert.equal((await fetch(icon.url)).headers.get("content-type"), "image/png", icon.url);
  const hindrances = async () => (await cdp.send("Page.getInstallabilityErrors")).installabilityErrors.map(({ errorId }) => errorId);
  assert.deepEqual(await hindrances(), []);
  wallet.clean();
  await wallet.page.goto(`${server.origin}/`);
  assert.deepEqual(await hindrances(), ["no-manifest"], "it would tell of one");
});

test("it locks when nobody uses it, and leaves its sites so that they wait", async (t) => {
  const { site, wallet } = await linked(t, { clock: true });
  await wallet.says("status", /^Connected directly/);
  await wallet.page.clock.fastForward(4 * 60_000);
  await wallet.page.mouse.click(5, 5);
  await wallet.page.clock.fastForward(4 * 60_000);
  await wallet.view("talk");
  await wallet.page.clock.fastForward(60_001);
  await wallet.view("locked");
  assert.ok(!(await wallet.page.locator("body").innerText()).includes(new URL(site.page.url()).host), "a locked wallet shows its sites");
  await site.phase("resuming");
  await wallet.unlock();
  await wallet.view("home");
  await site.phase("connected");
  wallet.clean();
});

test("it starts without a network, and what it fetches is its own", async (t) => {
  const server = await Server.start(t);
  const wallet = await open(t, server);
  await wallet.make();
  await wallet.view("home");
  const kept = await wallet.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    const [name, ...others] = await caches.keys();
    return { name, others, files: (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname) };
  });
  assert.match(kept.name, /^liaison-wallet [0-9a-f]{12}$/);
  assert.deepEqual(kept.others, []);
  const html = await (await fetch(`${server.origin}/wallet/`)).text();
  const named = [...html.matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
  for (const path of ["/wallet/", "/wallet/manifest.webmanifest", ...named]) assert.ok(kept.files.includes(path), path);
  assert.ok(kept.files.every((path) => path.startsWith("/wallet/") || /^\/assets\/.+-[0-9a-f]{12}\.\w+$/.test(path)), `${kept.files}`);
  assert.ok(!kept.files.some((path) => path.startsWith("/v1/")));
  await server.kill();
  await wallet.load();
  await wallet.unlock();
  await wallet.view("home");
  await wallet.part("add-solana").evaluate((button) => button.click()); // the curves, too
  await wallet.page.waitForFunction(() => document.querySelectorAll("[data-testid=address]").length === 4);
  const answered = await wallet.page.evaluate(() => fetch("/v1/session").then((r) => r.status, () => "no network"));
  assert.equal(answered, "no network");
  assert.deepEqual([wallet.watch.foreign, wallet.watch.breaches], [[], []]);
});

test("an update is taken whole, when its person wants it", async (t) => {
  const server = await Server.start(t);
  const front = await inFront(t, server);
  const wallet = await WalletPage.open(t, browser, front.origin);
  await wallet.makeInstalled();
  const worker = await (await fetch(`${server.origin}/wallet/sw.js`)).text();
  // A server that changes while it is asked: the worker names what is not there.
  front.worker = worker.replace(/sha256-[^"]{43}=/, `sha256-${"A".repeat(43)}=`).replace(/"[0-9a-f]{12}"/, '"broken000000"');
  const update = () => wallet.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update().catch(() => undefined);
    const worker = registration.installing;
    if (worker) await new Promise((done) => worker.addEventListener("statechange", () => (worker.state === "installed" || worker.state === "redundant") && done()));
    return [registration.waiting !== null, await caches.keys()];
  });
  const [current] = await wallet.page.evaluate(() => caches.keys());
  const { asked } = front;
  assert.deepEqual(await update(), [false, [current]], "half an update");
  assert.ok(front.asked > asked, "the worker was not asked for");
  front.worker = worker.replace(/"[0-9a-f]{12}"/, '"next00000000"');
  assert.deepEqual(await update(), [true, [current, "liaison-wallet next00000000"]]);
  await wallet.part("update").click();
  await wallet.view("locked");
  await wallet.page.waitForFunction(async () => (await caches.keys()).join() === "liaison-wallet next00000000");
  wallet.clean();
});

for (const reader of ["its own reader, loaded then", "the browser's reader"]) {
  test(`the camera reads the site's code with ${reader}`, async (t) => {
    const server = await Server.start(t);
    const site = await SitePage.open(t, browser, server.origin);
    const link = await site.link();
    const filming = await withCamera(t, await film(t, site.context, await site.part("qr").screenshot()));
    const wallet = await WalletPage.open(t, filming, server.origin, { permissions: ["camera"] });
    if (reader === "the browser's reader") {
      await wallet.context.addInitScript((rawValue) => {
        globalThis.BarcodeDetector = class {
          static getSupportedFormats = async () => ["qr_code"];
          detect = async (video) => (video.videoWidth > 0 ? [{ rawValue }] : []);
        };
      }, link);
      await wallet.load();
    }
    const asked = [];
    wallet.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await wallet.make();
    await wallet.view("home");
    await wallet.part("scan").click();
    await wallet.view("request");
    assert.equal(asked.some((path) => path.startsWith("/assets/qr-")), reader !== "the browser's reader", `${asked}`);
    await wallet.agree();
    await wallet.view("talk");
    await site.phase("connected");
    assert.deepEqual([wallet.watch.foreign, wallet.watch.breaches, wallet.watch.errors], [[], [], []]);
  });
}

test("the camera is off when it is not wanted any more, and when nobody looks", async (t) => {
  const server = await Server.start(t);
  const blank = await browser.newContext();
  t.after(() => blank.close());
  const page = await blank.newPage();
  const filming = await withCamera(t, await film(t, blank, await page.screenshot()));
  const wallet = await WalletPage.open(t, filming, server.origin, { permissions: ["camera"] });
  await wallet.context.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    globalThis.streams = [];
    navigator.mediaDevices.getUserMedia = async (wishes) => {
      const stream = await ask(wishes);
      globalThis.streams.push(stream);
      return stream;
    };
  });
  await wallet.load();
  await wallet.make();
  await wallet.view("home");
  const live = () => wallet.page.evaluate(() => globalThis.streams.flatMap((stream) => stream.getTracks()).map(({ readyState }) => readyState));
  await wallet.part("scan").click();
  await wallet.says("scan-status", /Point the camera at the site’s code/);
  assert.deepEqual(await live(), ["live"]);
  await wallet.accessible("scanning");
  await wallet.part("back").click();
  assert.deepEqual(await live(), ["ended"]);
  await wallet.part("scan").click();
  await wallet.says("scan-status", /Point the camera at the site’s code/);
  await wallet.page.evaluate(() => {
    Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await wallet.says("problem", /turned off while you were away/);
  assert.deepEqual(await live(), ["ended", "ended"]);
  await wallet.page.evaluate(() => delete document.hidden);
  await wallet.part("camera-again").click();
  await wallet.says("scan-status", /Point the camera at the site’s code/);
  assert.deepEqual([wallet.watch.foreign, wallet.watch.breaches], [[], []]);
});

test("a camera that is not there, or not allowed, is told from one that is", async (t) => {
  const { wallet } = await both(t);
  for (const [name, sentence] of [["NotAllowedError", /may not use the camera.*or paste the link/], ["NotFoundError", /no camera here/], ["NotReadableError", /in use by another app/], ["NotSupportedError", /gives the page no camera/]]) {
    await wallet.page.evaluate((name) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", name));
    }, name);
    await wallet.part("scan").click();
    await wallet.says("problem", sentence);
    await wallet.part("back").click();
  }
  await wallet.part("scan").click();
  await wallet.says("problem", /./);
  await wallet.accessible("without a camera");
  wallet.clean();
});
