// The page behind a link's https form.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { built, Server, Wallet } from "./program.mjs";

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
