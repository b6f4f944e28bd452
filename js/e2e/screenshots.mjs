// Takes the pictures for the documents: the site page, the page behind a link and the
// modal on somebody else's page, in their states, light and dark, on a desktop and on
// a phone. ONLY=site or ONLY=modal takes some of them alone.
import { launch, SitePage } from "./browser.mjs";
import { picture as take } from "./pictures.mjs";
import { Server, Wallet } from "./program.mjs";
import { Shop } from "./shop.mjs";

const sizes = { "": { width: 1200, height: 600 }, "-phone": { width: 390, height: 800 } };
const ending = [];
const t = { after: (work) => ending.push(work) }; // stands in for a test

const picture = (site, state, few) => take(site, state, { sizes, few });

/** Types a code that is not the right one. */
async function typeWrong(part, shortCode) {
  const digits = shortCode.replace(/\D/g, "");
  await part("code-input").fill(digits === "314159" ? "271828" : "314159");
  await part("code-send").click();
  await part("code-note").filter({ hasText: /\w/ }).waitFor();
}

async function pictureSite(browser) {
  const server = await Server.start(t, { flags: ["--name", "Liaison example"] });
  const site = await SitePage.open(t, browser, "about:blank");
  await site.context.route("**/v1/challenge", () => {}); // and no answer
  await site.page.goto(`${server.origin}/?confirm=sas`);
  await site.phase("starting");
  await picture(site, "site-starting", true);
  await site.context.unroute("**/v1/challenge");
  await site.page.reload();
  const link = await site.link();
  await picture(site, "site-waiting");

  const wallet = new Wallet(t, link, { yes: false });
  await wallet.event("request");
  await site.phase("joined");
  await picture(site, "site-joined", true);
  wallet.type("y");
  const { shortCode } = await wallet.event("code");
  await site.phase("code");
  await typeWrong((name) => site.part(name), shortCode);
  await picture(site, "site-code", true);
  await site.typeCode(shortCode);

  await site.phase("connected");
  await site.says("rtt", /ms$/);
  await site.says("locality", /ms/);
  await site.says("signed-in", /…/);
  await site.page.waitForFunction(() => document.querySelector("#chart .curve").getAttribute("d").split("L").length > 4);
  await site.allArrows();
  wallet.type("Hello from the wallet.");
  await site.messages("wallet", 1);
  await site.say("Hello! Shall we switch the server off?");
  wallet.type("Go ahead, I am still here.");
  await site.messages("wallet", 2);
  await picture(site, "site-connected");

  // Another tab holds the link, and this one has come just now.
  const other = new SitePage(await site.context.newPage(), site.context, site.watch);
  await other.page.goto(`${server.origin}/?confirm=sas`);
  await other.phase("connected");
  await other.allArrows();
  await other.say("This is another tab of the same page.");
  await picture(other, "site-other-tab", true);
  await other.page.close();

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

  await pictureEnds(browser, server);

  await site.part("new-link").click();
  const open = new URL((await site.link()).replace(/^liquid:/, "http:"));
  const phone = await SitePage.open(t, browser, `${server.origin}/l/${open.search}${open.hash}`);
  await phone.page.getByRole("link", { name: "Open in wallet" }).waitFor();
  await picture(phone, "link", true);
}

/** The states that end, warn or pass quickly. */
async function pictureEnds(browser, server) {
  const expired = await SitePage.open(t, browser, "about:blank");
  await expired.page.clock.install();
  await expired.page.goto(server.origin);
  for (let n = 0, link = ""; n < 5; n++) {
    link = await expired.link(link);
    await expired.page.clock.runFor(125_000);
  }
  await expired.phase("failed");
  await picture(expired, "site-expired", true);

  const linking = await SitePage.open(t, browser, "about:blank");
  await linking.context.addInitScript(() => (RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => {})));
  await linking.page.goto(server.origin);
  new Wallet(t, await linking.link());
  await linking.phase("linking");
  await linking.says("signed-in", /…/);
  await picture(linking, "site-linking", true);

  const unsealed = await SitePage.open(t, browser, server.origin);
  const wallet = new Wallet(t, (await unsealed.link()).split("#")[0], { flags: ["--unsealed"] });
  await wallet.event("request");
  wallet.type("yes");
  await unsealed.phase("connected");
  await unsealed.says("rtt", /ms$/);
  await picture(unsealed, "site-unsealed", true);

  const arabic = await SitePage.open(t, browser, `${server.origin}/?lang=ar`);
  await arabic.link();
  await picture(arabic, "site-ar", true);
}

/** A shop whose dialog is open, and the link in it. */
async function openDialog(browser, more) {
  const shop = await Shop.open(t, browser, "<liaison-connect confirm=sas></liaison-connect>", { more: `${more} class="both"` });
  await shop.element((element) => element.open());
  return { shop, link: await shop.link() };
}

async function pictureModal(browser) {
  const { shop, link } = await openDialog(browser, 'lang="en"');
  await picture(shop, "modal-waiting");
  const wallet = new Wallet(t, link, { yes: false });
  await wallet.event("request");
  await shop.phase("joined");
  await picture(shop, "modal-joined", true);
  wallet.type("y");
  const { shortCode } = await wallet.event("code");
  await shop.phase("code");
  await typeWrong((name) => shop.part(name), shortCode);
  await picture(shop, "modal-code", true);
  await shop.part("code-input").fill(shortCode);
  await shop.part("code-send").click();
  await shop.phase("connected");
  await shop.says("ms", /ms/);
  await picture(shop, "modal-connected");
  await wallet.interrupt();
  await shop.phase("resuming");
  await picture(shop, "modal-resuming", true);

  for (const language of ["de", "ar"]) {
    const { shop, link } = await openDialog(browser, `lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}"`);
    await picture(shop, `modal-${language}`, true);
    const refusing = new Wallet(t, link, { yes: false });
    await refusing.event("request");
    refusing.type("n");
    await shop.phase("failed");
    await picture(shop, `modal-${language}-failed`, true);
  }
}

const browser = await launch();
const only = process.env.ONLY;
try {
  if (only !== "modal") await pictureSite(browser);
  if (only !== "site") await pictureModal(browser);
} finally {
  for (const work of ending.reverse()) await work();
  await browser.close();
}
