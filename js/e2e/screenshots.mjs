// Takes the pictures of the page for the documents: each state, light and dark,
// on a desktop and on a phone.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, launch, SitePage } from "./browser.mjs";
import { encode } from "./png.mjs";
import { Server, Wallet } from "./program.mjs";

const images = process.env.IMAGES ?? join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs", "images");
const maxBytes = 100_000;
const sizes = { "": { width: 1200, height: 600 }, "-phone": { width: 390, height: 800 } };
const ending = [];
const t = { after: (work) => ending.push(work) }; // stands in for a test

/** Shows the page in every look that a state has, and keeps a picture of each; of
 * less important states only two, unless they go elsewhere. */
async function picture(site, state, few = false) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(sizes)) {
      if (few && !process.env.IMAGES && (colorScheme === "dark") !== (size === "-phone")) continue;
      await site.page.emulateMedia({ colorScheme });
      await site.page.setViewportSize(viewport);
      await site.page.evaluate(() => document.querySelector("[role=log]")?.scrollTo(0, 1e6));
      const png = encode(await decode(site.context, await site.page.screenshot({ fullPage: true, animations: "disabled", caret: "hide" })));
      const name = `${state}${size}${colorScheme === "dark" ? "-dark" : ""}.png`;
      if (png.length > maxBytes) throw new Error(`${name} has ${png.length} bytes, more than ${maxBytes}`);
      await writeFile(join(images, name), png);
      console.log(`${name} ${png.length}`);
    }
  }
}

const browser = await launch();
try {
  await mkdir(images, { recursive: true });
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
