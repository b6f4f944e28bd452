// Takes the pictures of the wallet's page for the documents: each state, light and
// dark, on a phone and on a desktop. ONLY=arabic takes that part of them alone.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, SitePage } from "./browser.mjs";
import { bundle } from "./bundle.mjs";
import { film, withCamera } from "./film.mjs";
import { picture as take } from "./pictures.mjs";
import { Server, Site } from "./program.mjs";
import { inFront, WalletPage } from "./wallet.mjs";

const sizes = { "": { width: 1280, height: 720 }, "-phone": { width: 390, height: 844 } };
const ending = [];
const t = { after: (work) => ending.push(work) }; // stands in for a test
const picture = (wallet, state) => take(wallet, `wallet-${state}`, { sizes });
const js = join(dirname(fileURLToPath(import.meta.url)), "..");
const called = ["--name", "Liaison example"];

/** From the first look to a goodbye, with the site's page at the other end. */
async function whole() {
  const server = await Server.start(t, { flags: called });
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
  const link = await site.link();
  const filming = await withCamera(t, await film(t, site.context, await site.part("qr").screenshot()));
  const wallet = await WalletPage.open(t, filming, server.origin, { prf: true, permissions: ["camera"], link });
  await wallet.view("start");
  await picture(wallet, "start-waits");
  await wallet.load();
  await wallet.view("start");
  await picture(wallet, "start");
  await wallet.part("make-passkey").click();
  await wallet.view("home");
  await picture(wallet, "home-new");

  // The camera sees the code at once, so the picture is taken while it may not read.
  await wallet.page.evaluate(() => {
    globalThis.BarcodeDetector = class {
      static getSupportedFormats = async () => ["qr_code"];
      detect = async () => [];
    };
  });
  await wallet.part("scan").click();
  await wallet.says("scan-status", /Point the camera/);
  await picture(wallet, "scan");
  await wallet.page.evaluate(() => delete globalThis.BarcodeDetector);
  await wallet.part("back").click();

  // The site answers when the picture is taken.
  let join;
  const held = new Promise((resolve) => (join = resolve));
  await wallet.context.route(/\/join$/, (route) => join(route));
  await wallet.part("scan").click();
  const route = await held;
  await wallet.view("asking");
  await picture(wallet, "asking");
  await route.continue();
  await wallet.context.unroute(/\/join$/);
  await wallet.view("request");
  await wallet.armed();
  await picture(wallet, "request");
  await wallet.agree();
  await wallet.view("talk");
  const code = await wallet.says("short-code", /^\d{3} \d{3}$/);
  await picture(wallet, "code");
  await site.phase("code");
  await site.typeCode(code);
  await wallet.says("status", /^Connected/);
  await wallet.says("rtt", /ms$/);
  await site.say("Welcome! Your basket is still here.");
  await wallet.says("messages", /Welcome/);
  await wallet.part("message").fill("Good. I will be back.");
  await wallet.part("send").click();
  await picture(wallet, "talk");
  await site.say(JSON.stringify({ jsonrpc: "2.0", id: "1", method: "sign_transaction", params: {} }));
  await wallet.says("messages", /sign_transaction/);
  await picture(wallet, "asked");
  await wallet.part("back").click();
  await wallet.says("sites", /here now/);
  await picture(wallet, "home");

  const second = Object.assign(new WalletPage(), { context: wallet.context, origin: wallet.origin, page: await wallet.context.newPage() });
  await second.addAuthenticator(true);
  await second.load();
  await second.view("locked");
  await picture(second, "locked");
  await second.page.close();

  await wallet.part("settings").click();
  await picture(wallet, "settings");
  await wallet.part("wipe").click();
  await picture(wallet, "wipe");
  await wallet.part("back").click();

  const unknown = new Site(t, server.origin);
  await wallet.paste((await unknown.event("link")).uri);
  await wallet.view("request");
  await wallet.armed();
  await picture(wallet, "unverified");
  await wallet.part("sure").check();
  await picture(wallet, "unverified-sure");
  await wallet.part("decline").click();
  await wallet.view("home");
  await wallet.paste(link);
  await wallet.view("failure");
  await picture(wallet, "failure");
  await wallet.part("failure-next").click();
  await wallet.part("back").click();
  await wallet.part("site").click();
  await site.part("disconnect").click();
  await wallet.view("failure");
  await picture(wallet, "ended");
}

/** A site that writes from right to left, and no passkeys. */
async function arabic() {
  const server = await Server.start(t, { flags: ["--name", "متجر المثال (تجربة)"] });
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = await WalletPage.open(t, browser, server.origin);
  await wallet.make();
  await wallet.view("home");
  await wallet.paste(await site.link());
  await wallet.view("request");
  await wallet.armed();
  await picture(wallet, "arabic-request");
  await wallet.agree();
  await wallet.says("rtt", /ms$/);
  await site.say("أهلا بك! سلتك ما زالت هنا (3 منتجات).");
  await wallet.says("messages", /سلتك/);
  await wallet.part("message").fill("Thanks, شكرا!");
  await wallet.part("send").click();
  await picture(wallet, "arabic-talk");
}

/** A site that is not near, which no site on this machine is. */
async function remote() {
  const server = await Server.start(t, { flags: called });
  const alias = { "@liaison/client/requests": join(js, "sdk/src/requests.ts"), "@liaison/client/wallet": join(js, "sdk/src/wallet.ts"), "@liaison/client": join(js, "sdk/src/index.ts") };
  const script = (await bundle("../web/wallet/test/app-page.ts", { alias, splitting: false })).get("/entry.js");
  const context = await browser.newContext({ reducedMotion: "reduce" });
  t.after(() => context.close());
  await context.route(/\/assets\/wallet-[0-9a-f]+\.js$/, (route) => route.fulfill({ contentType: "text/javascript", body: script }));
  const wallet = Object.assign(new WalletPage(), { context, origin: server.origin, page: await context.newPage() });
  await wallet.load();
  await wallet.make();
  await wallet.view("home");
  const call = (name, ...args) => wallet.page.evaluate(([name, args]) => globalThis.tests[name](...args), [name, args]);
  await call("open", "https://shop.example/l/?requestId=0123456789abcdef#1.AQAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH6ChoqOkpaanqKmqq6ytrq8");
  await wallet.agree();
  await wallet.view("talk");
  const far = { level: "prefer", local: false, path: "srflx", rttMs: 80, network: "different" };
  await call("tell", { type: "locality", locality: far, at: 1 });
  await call("askRemote", far);
  await wallet.part("remote").waitFor();
  await wallet.page.locator('[data-testid=remote-no][aria-disabled="false"]').waitFor();
  await picture(wallet, "not-near");
}

/** A version that has come since. */
async function update() {
  const server = await Server.start(t, { flags: called });
  const front = await inFront(t, server);
  const wallet = await WalletPage.open(t, browser, front.origin);
  await wallet.makeInstalled();
  front.worker = (await (await fetch(`${server.origin}/wallet/sw.js`)).text()).replace(/"[0-9a-f]{12}"/, '"next00000000"');
  await wallet.page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await wallet.part("update").waitFor();
  await picture(wallet, "update");
}

const browser = await launch();
try {
  for (const [name, part] of Object.entries({ whole, arabic, remote, update })) if (!process.env.ONLY || process.env.ONLY === name) await part();
} finally {
  for (const work of ending.reverse()) await work();
  await browser.close();
}
