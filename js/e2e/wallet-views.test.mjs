// The wallet's views for what a real site could hardly be brought to do.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { bundle, serve } from "./bundle.mjs";
import { patience } from "./program.mjs";
import { WalletPage } from "./wallet.mjs";

const js = join(dirname(fileURLToPath(import.meta.url)), "..");
const link = "https://shop.example/l/?requestId=0123456789abcdef#1.AQAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH6ChoqOkpaanqKmqq6ytrq8";
let browser;
let scripts;
before(async () => {
  const alias = { "@liaison/client/requests": join(js, "sdk/src/requests.ts"), "@liaison/client/wallet": join(js, "sdk/src/wallet.ts"), "@liaison/client": join(js, "sdk/src/index.ts") };
  scripts = await bundle("../web/wallet/test/app-page.ts", { alias });
  browser = await launch();
});
after(() => browser?.close());

/** A wallet whose person has agreed, with a site that does as it is told. */
async function agreed(t) {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  t.after(() => context.close());
  context.setDefaultTimeout(patience);
  const { origin } = await serve(t, scripts);
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => globalThis.tests);
  const wallet = Object.assign(new WalletPage(), { context, page, origin });
  await wallet.make();
  await wallet.view("home");
  const call = (name, ...args) => page.evaluate(([name, args]) => globalThis.tests[name](...args), [name, args]);
  await call("open", link);
  await wallet.agree();
  await wallet.view("talk");
  return { wallet, call, answers: () => page.evaluate(() => globalThis.tests.answers) };
}

const far = { level: "prefer", local: false, path: "srflx", rttMs: 80, network: "different" };

test("a site that is not near is asked about once more; the first answer is no", async (t) => {
  const { wallet, call, answers } = await agreed(t);
  await call("tell", { type: "code", shortCode: "123 456", at: 1 });
  await call("tell", { type: "locality", locality: far, at: 2 });
  await call("askRemote", far);
  await wallet.says("remote", /not near this device.*say no/);
  assert.deepEqual(await wallet.part("remote").getByRole("button").allTextContents(), ["No, stop", "Go on"]);
  assert.equal(await wallet.part("message").isVisible(), false, "something else to look at");
  await wallet.part("remote-no").click();
  assert.equal(await wallet.part("remote").isVisible(), false);
  await call("askRemote", far);
  await wallet.part("remote-yes").click();
  assert.deepEqual(await answers(), ["approved", "stop", "go on"]);
});

test("what happens on the way is told, and what a site says is text", async (t) => {
  const { wallet, call } = await agreed(t);
  await wallet.says("status", /^Connecting directly/);
  await call("tell", { type: "code", shortCode: "123 456", at: 1 });
  await wallet.says("status", /^The site waits for six digits/);
  await wallet.says("short-code", /^123 456$/);
  await call("tell", { type: "open", at: 2 });
  await wallet.says("status", /^Connected directly/);
  assert.equal(await wallet.part("short-code").isVisible(), false);
  await call("tell", { type: "broken", broken: true, at: 3 });
  await wallet.says("status", /another is looked for/);
  assert.equal(await wallet.part("send").isDisabled(), true);
  await call("tell", { type: "broken", broken: false, at: 4 });
  await call("tell", { type: "signaling", attached: false, at: 5 });
  await wallet.says("status", /server cannot be reached\. You are still connected/);
  await call("tell", { type: "message", data: "<img src=x onerror=alert(1)>", at: 6 });
  await wallet.says("messages", /<img src=x onerror=alert\(1\)>/);
  await call("end", "certificate_mismatch");
  await wallet.says("failure", /leads to another device/);
  assert.equal(await wallet.page.locator(".emblem.warn").count(), 1, "an alarm");
});

test("of a long conversation the last is shown", async (t) => {
  const { wallet, call } = await agreed(t);
  await call("tell", { type: "open", at: 1 });
  await wallet.page.evaluate(() => {
    for (let n = 0; n < 503; n++) globalThis.tests.tell({ type: "message", data: `text ${n}`, at: 2 });
  });
  const texts = await wallet.part("messages").getByRole("listitem").allTextContents();
  assert.deepEqual([texts.length, texts[0], texts.at(-1)], [500, "text 3", "text 502"]);
});

test("what one tab sets another goes by, and neither undoes it", async (t) => {
  const { wallet: one } = await agreed(t);
  const page = await one.context.newPage();
  await page.goto(one.origin);
  await page.waitForFunction(() => globalThis.tests);
  const other = Object.assign(new WalletPage(), { context: one.context, page, origin: one.origin });
  await other.make();
  await other.view("home");
  for (const tab of [one, other]) await tab.part("settings").click();
  await one.part("candidates").selectOption("relay");
  await other.page.waitForFunction(() => document.querySelector('[data-testid="candidates"]').value === "relay");
  await other.part("idle").selectOption("15");
  await one.page.waitForFunction(() => document.querySelector('[data-testid="idle"]').value === "15");
  assert.equal(await one.part("candidates").inputValue(), "relay");
});
