// The site's page and the wallet's, real as they are served, in a profile whose pages can
// be frozen: scripts do what a person does.
import { passphrase } from "./wallet.mjs";

/** A page with its parts by their test ids, also those of the modal. */
class RealPage {
  constructor(page) {
    this.page = page;
  }

  #part(name) {
    const selector = JSON.stringify(`[data-testid="${name}"]`);
    return `(document.querySelector(${selector}) ?? document.querySelector("liaison-connect")?.shadowRoot.querySelector(${selector}))`;
  }

  text(name) {
    return this.page.run(`${this.#part(name)}.textContent`);
  }

  async fill(name, text) {
    await this.page.run(`${this.#part(name)}.value = ${JSON.stringify(text)}; undefined`);
  }

  async click(name) {
    await this.page.until(`${this.#part(name)} && !${this.#part(name)}.disabled`);
    await this.page.run(`${this.#part(name)}.click()`);
  }

  /** The texts of one side, waiting until there are so many. */
  async messages(from, count) {
    const rows = JSON.stringify(`[data-testid=messages] [data-from=${from}]`);
    await this.page.until(`document.querySelectorAll(${rows}).length >= ${count}`);
    return this.page.run(`Array.from(document.querySelectorAll(${rows}), (row) => (row.querySelector(".text") ?? row).textContent)`);
  }
}

/** The site's page. */
export class LivingSite extends RealPage {
  static async open(profile, url) {
    return new LivingSite(await profile.page(url));
  }

  phase(name) {
    return this.page.until(`document.documentElement.dataset.phase === ${JSON.stringify(name)}`);
  }

  async link() {
    await this.phase("waiting");
    return this.text("link-text");
  }

  leads() {
    return this.page.run(`document.querySelector("liaison-connect").shared.leads`);
  }

  async say(text) {
    await this.fill("message-input", text);
    await this.click("message-send");
  }
}

/** The wallet's page. */
export class LivingWallet extends RealPage {
  /** Opens it and makes a wallet. */
  static async open(profile, url) {
    const wallet = new LivingWallet(await profile.page(url));
    await wallet.view("start");
    for (const field of ["new-passphrase", "repeat-passphrase"]) await wallet.fill(field, passphrase);
    await wallet.click("make-passphrase");
    await wallet.view("home");
    return wallet;
  }

  view(name) {
    return this.page.until(`document.documentElement.dataset.view === ${JSON.stringify(name)}`);
  }

  /** Takes a link and says yes, once the buttons do something. */
  async agree(link) {
    await this.fill("paste-link", link);
    await this.click("open-link");
    await this.view("request");
    await this.page.until(`document.querySelector('[data-testid=decline][aria-disabled="false"]')`);
    await this.click("approve");
    await this.view("talk");
  }

  async say(text) {
    await this.fill("message", text);
    await this.click("send");
  }
}
