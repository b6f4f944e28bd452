// Takes the pictures of the wallet's page for the documents: each view, light and
// dark, on a phone and on a desktop, and one from right to left.
import { launch, SitePage } from "./browser.mjs";
import { film, withCamera } from "./film.mjs";
import { picture as take } from "./pictures.mjs";
import { Server, Site } from "./program.mjs";
import { WalletPage } from "./wallet.mjs";

const sizes = { "": { width: 1280, height: 720 }, "-phone": { width: 390, height: 844 } };
const ending = [];
const t = { after: (work) => ending.push(work) }; // stands in for a test
const picture = (wallet, state, few) => take(wallet, `wallet-${state}`, { sizes, few });

const browser = await launch();
try {
  const server = await Server.start(t, { flags: ["--name", "Liaison example"] });
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
  const link = await site.link();
  const filming = await withCamera(t, await film(t, site.context, await site.part("qr").screenshot()));
  const wallet = await WalletPage.open(t, filming, server.origin, { prf: true, permissions: ["camera"] });
  await wallet.view("start");
  await picture(wallet, "start", true);
  await wallet.part("make-passkey").click();
  await wallet.view("home");

  // The camera sees the code at once, so the picture is taken while it may not read.
  await wallet.page.evaluate(() => {
    globalThis.BarcodeDetector = class {
      static getSupportedFormats = async () => ["qr_code"];
      detect = async () => [];
    };
  });
  await wallet.part("scan").click();
  await wallet.says("scan-status", /Point the camera at the site’s code/);
  await picture(wallet, "scan", true);
  await wallet.page.evaluate(() => delete globalThis.BarcodeDetector);
  await wallet.part("back").click();
  await wallet.part("scan").click();
  await wallet.view("request");
  await wallet.armed();
  await picture(wallet, "request");
  await wallet.page.evaluate(() => (document.documentElement.dir = "rtl"));
  await take(wallet, "wallet-request-rtl", { sizes: { "-phone": sizes["-phone"] }, few: true });
  await wallet.page.evaluate(() => document.documentElement.removeAttribute("dir"));
  await wallet.agree();
  await wallet.view("talk");
  const code = await wallet.says("short-code", /^\d{3} \d{3}$/);
  await picture(wallet, "code", true);
  await site.phase("code");
  await site.typeCode(code);
  await wallet.says("status", /^Connected/);
  await wallet.says("rtt", /ms$/);
  await site.say("Welcome! Your basket is still here.");
  await wallet.says("messages", /Welcome/);
  await wallet.part("message").fill("Good. I will be back.");
  await wallet.part("send").click();
  await picture(wallet, "talk", true);
  await wallet.part("back").click();
  await wallet.says("sites", /here now/);
  await picture(wallet, "home");
  await wallet.part("settings").click();
  await picture(wallet, "settings", true);
  await wallet.part("lock").click();
  await wallet.view("locked");
  await picture(wallet, "locked", true);
  await wallet.part("unlock-passkey").click();
  await wallet.view("home");

  const unknown = new Site(t, server.origin);
  await wallet.paste((await unknown.event("link")).uri);
  await wallet.view("request");
  await wallet.armed();
  await picture(wallet, "unverified", true);
  await wallet.part("decline").click();
  await wallet.view("home");
  await wallet.paste(link);
  await wallet.view("failure");
  await picture(wallet, "failure", true);
} finally {
  for (const work of ending.reverse()) await work();
  await browser.close();
}
