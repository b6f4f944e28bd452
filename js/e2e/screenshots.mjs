// Takes the pictures of the page for the documents: each state, light and dark,
// on a desktop and on a phone.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, launch, SitePage } from "./browser.mjs";
import { encode } from "./png.mjs";
import { Server, Wallet } from "./program.mjs";

const images = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs", "images");
const maxBytes = 100_000;
const sizes = { "": { width: 1200, height: 600 }, "-phone": { width: 390, height: 800 } };
const ending = [];
const t = { after: (work) => ending.push(work) }; // stands in for a test

/** Shows the page in every look that a state has, and keeps a picture of each. */
async function picture(site, state) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(sizes)) {
      await site.page.emulateMedia({ colorScheme });
      await site.page.setViewportSize(viewport);
      await site.page.evaluate(() => document.querySelector("[role=log]").scrollTo(0, 1e6));
      const png = encode(await decode(site.context, await site.page.screenshot({ fullPage: true, animations: "disabled", caret: "hide" })));
      const name = `site-${state}${size}${colorScheme === "dark" ? "-dark" : ""}.png`;
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
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  await picture(site, "waiting");

  const wallet = new Wallet(t, link);
  await site.phase("connected");
  await site.says("rtt", /ms$/);
  await site.allArrows();
  wallet.type("Hello from the wallet.");
  await site.messages("wallet", 1);
  await site.say("Hello! Shall we switch the server off?");
  wallet.type("Go ahead, I am still here.");
  await site.messages("wallet", 2);
  await picture(site, "connected");

  await wallet.kill();
  await site.page.reload();
  const refusing = new Wallet(t, await site.link(link), { yes: false });
  await refusing.event("request");
  refusing.type("n");
  await site.phase("failed");
  await picture(site, "failed");
} finally {
  for (const work of ending.reverse()) await work();
  await browser.close();
}
