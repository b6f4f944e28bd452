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
  const id = new URL(link.replace(/^liquid:/, "http:")).searchParams.get("requestId");

  const phone = await SitePage.open(t, browser, `${server.origin}/l/?requestId=${id}`, {
    viewport: { width: 375, height: 720 }, permissions: ["clipboard-read", "clipboard-write"],
  });
  await phone.page.getByRole("heading", { name: "Open this link in your wallet" }).waitFor();
  const open = phone.page.getByRole("link", { name: "Open in wallet" });
  assert.equal(await open.getAttribute("href"), link);
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
  for (const query of ["", "?requestId=short", "?requestId=<img src=x>0123456789", "?requestId=0123456789abcdef&x=1"]) {
    const phone = await SitePage.open(t, browser, `${server.origin}/l/${query}`);
    await phone.page.getByRole("heading", { name: "This link is not complete" }).waitFor();
    assert.equal(await phone.page.getByRole("link").count(), 0, `links on the page of ${query}`);
    phone.watch.clean();
  }
});
