// The page behind a link's https form.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { built, patience, Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test("the page behind a link hands it to the wallet and changes nothing", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  const { search, hash } = new URL(link.replace(/^liquid:/, "http:"));

  const phone = await SitePage.open(t, browser, `${server.origin}/l/${search}${hash}`, {
    viewport: { width: 375, height: 720 }, permissions: ["clipboard-read", "clipboard-write"],
  });
  await phone.page.getByRole("heading", { name: "Open this link in your wallet" }).waitFor();
  const open = phone.page.getByRole("link", { name: "Open in wallet" });
  assert.equal(await open.getAttribute("href"), link);
  assert.equal(await phone.page.evaluate(() => location.href), `${server.origin}/l/${search}`, "what the address bar shows");
  assert.equal(await phone.page.evaluate(() => history.length), 2, "entries of the history: the empty page and this one");
  const here = phone.page.getByRole("link", { name: "Use the wallet in this browser" });
  assert.equal(await here.getAttribute("href"), `/wallet/#link=${encodeURIComponent(link)}`);
  await phone.page.getByRole("button", { name: "Copy" }).click();
  await phone.page.getByRole("status").filter({ hasText: "Copied." }).waitFor();
  const copied = await phone.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, link);

  const wallet = new Wallet(t, copied);
  assert.equal((await wallet.event("open")).account, built.account);
  await site.phase("connected");
  site.watch.clean();
  phone.watch.clean();
});

/** All that this tab's history says of a page. */
const addresses = (page) => page.evaluate(() => [location.href, ...globalThis.navigation.entries().map(({ url }) => url)].filter((url) => url !== "about:blank"));

test("a link that is opened once more in the same tab leaves the address bar again", async (t) => {
  const server = await Server.start(t);
  const address = `${server.origin}/l/?requestId=0123456789abcdef`;
  const [first, second] = ["A", "B"].map((letter) => `#1.${letter.repeat(67)}`);
  const phone = await SitePage.open(t, browser, address + first);
  const open = phone.page.getByRole("link", { name: "Open in wallet" });
  await open.waitFor();
  await phone.page.goto(address + second);
  await phone.page.locator(`#open[href$="${second}"]`).waitFor();
  assert.deepEqual(new Set(await addresses(phone.page)), new Set([address]));
  await phone.page.goto(`${address}#1.`);
  await phone.page.getByRole("heading", { name: "This link is not complete" }).waitFor();
  assert.equal(await phone.page.getByText(second).count() + (await open.count()), 0, "places that show the link of before");
  await phone.page.goto(address + first);
  await phone.page.getByRole("heading", { name: "Open this link in your wallet" }).waitFor();
  assert.equal(await open.getAttribute("href"), `liquid://${new URL(server.origin).host}/?requestId=0123456789abcdef${first}`);
  assert.deepEqual(new Set(await addresses(phone.page)), new Set([address]));
  phone.watch.clean();
});

test("where only the web form says how to reach the server, nothing on the page leads back to it", async (t) => {
  const server = await Server.start(t);
  const origin = "http://liaison.example"; // neither TLS nor loopback
  const link = `${origin}/l/?requestId=0123456789abcdef#1.${"A".repeat(67)}`;
  const context = await browser.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(patience);
  await context.route(`${origin}/**`, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: server.origin + pathname + search }) });
  });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByText(link, { exact: true }).waitFor();
  assert.equal(await page.getByRole("link").count(), 0, "links on the page");
  assert.equal(await page.getByText("Nothing happens?").isVisible(), false);
  assert.equal(await page.getByText("Copy the link and paste it in the wallet").isVisible(), true);
  assert.deepEqual(new Set(await addresses(page)), new Set([link.split("#")[0]]));
});

test("a link that was cut short says so and offers nothing", async (t) => {
  const server = await Server.start(t);
  const fragment = `#1.${"A".repeat(67)}`;
  const texts = [
    "", fragment, `?requestId=short${fragment}`, `?requestId=<img src=x>0123456789${fragment}`, `?requestId=0123456789abcdef&x=1${fragment}`,
    "?requestId=0123456789abcdef", "?requestId=0123456789abcdef#", `?requestId=0123456789abcdef${fragment}A`, `?requestId=0123456789abcdef${fragment.slice(0, -1)}<`,
  ];
  for (const text of texts) {
    const phone = await SitePage.open(t, browser, `${server.origin}/l/${text}`);
    await phone.page.getByRole("heading", { name: "This link is not complete" }).waitFor();
    assert.equal(await phone.page.getByRole("link").count(), 0, `links on the page of ${text}`);
    const cut = await phone.page.getByText("The last part of the link is missing").count();
    assert.equal(cut, /^\?requestId=0123456789abcdef#?$/.test(text) ? 1 : 0, `${text}: says that the fragment is missing`);
    assert.equal(await phone.page.evaluate(() => location.hash), "");
    phone.watch.clean();
  }
});

test("the wallet in this browser takes the link over, and leaves no trace of it in the address bar", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const { search, hash } = new URL((await site.link()).replace(/^liquid:/, "http:"));
  const phone = await SitePage.open(t, browser, `${server.origin}/l/${search}${hash}`);
  await phone.page.getByRole("link", { name: "Use the wallet in this browser" }).click();
  await phone.page.getByRole("heading", { name: "Make your wallet" }).waitFor();
  await phone.page.getByText("A site is waiting for your answer.").waitFor();
  // Of the page before it, this one is told nothing.
  assert.deepEqual(new Set(await addresses(phone.page)), new Set([null, `${server.origin}/wallet/`]));
  await phone.page.goBack();
  assert.equal(phone.page.url(), `${server.origin}/l/${search}`);
  phone.watch.clean();
});
