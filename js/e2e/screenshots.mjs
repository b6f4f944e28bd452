// Takes the pictures of the page for the documents: each state, light and dark,
// on a desktop and on a phone.
import { launch, SitePage } from "./browser.mjs";
import { picture as take } from "./pictures.mjs";
import { Server, Wallet } from "./program.mjs";

const sizes = { "": { width: 1200, height: 600 }, "-phone": { width: 390, height: 800 } };
const ending = [];
const t = { after: (work) => ending.push(work) }; // stands in for a test
const picture = (site, state, few) => take(site, state, { sizes, few });

const browser = await launch();
try {
  const server = await Server.start(t, { flags: ["--name", "Liaison example"] });
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
  const link = await site.link();
  await picture(site, "site-waiting");

  const wallet = new Wallet(t, link, { yes: false });
  await wallet.event("request");
  await site.phase("joined");
  await picture(site, "site-joined", true);
  wallet.type("y");
  const { shortCode } = await wallet.event("code");
  await site.phase("code");
  const digits = shortCode.replace(/\D/g, "");
  await site.typeCode(digits === "314159" ? "271828" : "314159");
  await site.says("code-note", /2 tries are left/);
  await picture(site, "site-code", true);
  await site.typeCode(shortCode);

  await site.phase("connected");
  await site.says("rtt", /ms$/);
  await site.says("locality", /ms/);
  await site.allArrows();
  wallet.type("Hello from the wallet.");
  await site.messages("wallet", 1);
  await site.say("Hello! Shall we switch the server off?");
  wallet.type("Go ahead, I am still here.");
  await site.messages("wallet", 2);
  await picture(site, "site-connected");

  await wallet.interrupt();
  await site.phase("resuming");
  await site.page.waitForFunction(() => document.querySelector("[data-arrow='4'][data-state=done]") && document.querySelector("[data-state=skipped]"));
  await picture(site, "site-resuming", true);

  await site.part("new-link").click();
  const refusing = new Wallet(t, await site.link(), { yes: false });
  await refusing.event("request");
  refusing.type("n");
  await site.phase("failed");
  await picture(site, "site-failed");

  await site.part("new-link").click();
  const open = new URL((await site.link()).replace(/^liquid:/, "http:"));
  const phone = await SitePage.open(t, browser, `${server.origin}/l/${open.search}${open.hash}`);
  await phone.page.getByRole("link", { name: "Open in wallet" }).waitFor();
  await picture(phone, "link", true);
} finally {
  for (const work of ending.reverse()) await work();
  await browser.close();
}
