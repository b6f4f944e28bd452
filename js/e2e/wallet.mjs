// The wallet's page as a person uses it, with an authenticator beside it.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { Watch } from "./browser.mjs";
import { patience } from "./program.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const looks = ["light", "dark"].flatMap((colorScheme) => [1280, 390].map((width) => ({ colorScheme, viewport: { width, height: 844 } })));

export const passphrase = "correct horse battery";
export const filePassphrase = "staple of the file";

/** The wallet's page in a window of its own. */
export class WalletPage {
  /** Opens the page of a server. prf says whether the device's passkeys encrypt;
   * undefined is a device without any. With clock its time goes on as told. */
  static async open(t, browser, origin, { prf, link, clock, ...options } = {}) {
    const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 390, height: 844 }, acceptDownloads: true, ...options });
    t.after(() => context.close());
    context.setDefaultTimeout(patience);
    const wallet = new WalletPage();
    const watch = new Watch(context, origin);
    await watch.begin(context);
    Object.assign(wallet, { context, watch, origin, page: await context.newPage() });
    if (clock) await context.clock.install();
    if (prf !== undefined) await wallet.addAuthenticator(prf);
    await wallet.load(link);
    return wallet;
  }

  /** Gives the device passkeys. */
  async addAuthenticator(hasPrf) {
    const cdp = await this.context.newCDPSession(this.page);
    await cdp.send("WebAuthn.enable");
    const options = { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, hasPrf };
    await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  }

  /** Opens the page anew, with a link in its address if there is one. */
  async load(link) {
    await this.page.goto("about:blank"); // another fragment alone loads nothing
    await this.page.goto(`${this.origin}/wallet/${link ? `#link=${encodeURIComponent(link)}` : ""}`);
  }

  part(name) {
    return this.page.getByTestId(name);
  }

  /** Waits until the page shows a view. */
  async view(name) {
    try {
      await this.page.waitForFunction((want) => document.documentElement.dataset.view === want, name);
    } catch {
      throw new Error(`the wallet does not show ${name}: ${await this.sight()}`);
    }
  }

  /** Everything that would help to understand a failure. */
  sight() {
    return this.page.evaluate(() => JSON.stringify({ view: document.documentElement.dataset.view, text: document.body.innerText }));
  }

  /** Waits until an element's text fits, and returns the text. */
  async says(name, pattern) {
    try {
      return await this.part(name).filter({ hasText: pattern }).first().textContent();
    } catch {
      throw new Error(`${name} does not say ${pattern}: ${await this.sight()}`);
    }
  }

  /** Makes the wallet with a passphrase. */
  async make(secret = passphrase) {
    await this.view("start");
    await this.part("by-passphrase").evaluate((details) => (details.open = true));
    await this.part("new-passphrase").fill(secret);
    await this.part("repeat-passphrase").fill(secret);
    await this.part("make-passphrase").click();
  }

  /** Makes it, and opens it again as its service worker serves it. */
  async makeInstalled() {
    await this.make();
    await this.view("home");
    await this.page.evaluate(() => navigator.serviceWorker.ready);
    await this.load();
    await this.unlock();
    await this.view("home");
  }

  /** Unlocks it with the passphrase. */
  async unlock(secret = passphrase) {
    await this.view("locked");
    await this.part("passphrase").fill(secret);
    await this.part("unlock").click();
  }

  /** Opens a link by pasting it, as a person does. */
  async paste(link) {
    await this.part("paste").locator("summary").click();
    await this.part("paste-link").fill(link);
    await this.part("open-link").click();
  }

  /** Agrees to what is asked, once the buttons do something. */
  async agree() {
    await this.view("request");
    await this.armed();
    await this.part("approve").click();
  }

  /** Waits until the buttons of a request do something. */
  async armed() {
    await this.page.locator('[data-testid=decline][aria-disabled="false"]').waitFor();
  }

  /** Fails if anything happened that never must. That a server does not know a site
   * that is not there is an answer, which Chromium takes for an error. */
  clean() {
    const errors = this.watch.errors.filter((text) => !/Failed to load resource: the server responded with a status of 404/.test(text));
    assert.deepEqual({ ...this.watch, errors }, { foreign: [], breaches: [], errors: [] });
  }

  /** The addresses at home. */
  addresses() {
    return this.part("address").allTextContents();
  }

  /** Fails with each rule that axe-core sees broken, and where, in light and dark and
   * in wide and narrow windows. */
  async accessible(state) {
    await this.page.evaluate(axe);
    for (const { colorScheme, viewport } of looks) {
      await this.page.emulateMedia({ colorScheme });
      await this.page.setViewportSize(viewport);
      const { violations } = await this.page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
      assert.deepEqual(found, [], `accessibility of the wallet while ${state}, ${colorScheme}, ${viewport.width} wide`);
      const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the wallet is ${wide} pixels too wide while ${state}, ${viewport.width} wide`);
    }
  }
}

/** Something in front of a server that has another service worker, if it is given one. */
export async function inFront(t, { origin }) {
  const front = { worker: undefined, asked: 0 };
  const listener = createServer(async (request, response) => {
    try {
      const answer = await fetch(origin + request.url);
      const script = request.url === "/wallet/sw.js";
      if (script) front.asked++;
      for (const name of ["content-type", "content-security-policy", "cache-control"]) if (answer.headers.has(name)) response.setHeader(name, answer.headers.get(name));
      response.writeHead(answer.status).end(script && front.worker ? front.worker : Buffer.from(await answer.arrayBuffer()));
    } catch {
      response.destroy(); // the server goes first at the end, and a worker may still ask
    }
  });
  listener.listen(0, "localhost");
  await once(listener, "listening");
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  return Object.assign(front, { origin: `http://localhost:${listener.address().port}` });
}
