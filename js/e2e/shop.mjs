// A shop: somebody else's site that has mounted the server and embeds the modal.
import { readFileSync } from "node:fs";
import { Watch } from "./browser.mjs";
import { bundle, Host } from "./bundle.mjs";
import { patience, Server } from "./program.mjs";

let scripts;
const style = readFileSync(new URL("pages/shop.css", import.meta.url));

const html = (tag, more = 'lang="en"') => `<!doctype html>
<html ${more}>
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>A shop</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/shop.css"><script type="module" src="/entry.js"></script>
</head>
<body><main><h1>A shop</h1><p>Everything for the garden.</p><p><a href="#before">before</a> ${tag} <a href="#after">after</a></p></main></body>
</html>`;

/** A page of it, with one tag in it. */
export class Shop {
  static async open(t, browser, tag = "<liaison-connect></liaison-connect>", { more, flags, clock = false, ...options } = {}) {
    scripts ??= await bundle("sdk/test/modalpage.ts");
    const host = await Host.start(t, new Map([...scripts, ["/shop.css", style], ["/shop.html", html(tag, more)]]));
    const server = await Server.start(t, { origin: host.origin, flags: ["--name", "A shop", ...(flags ?? [])] });
    host.port = server.port;
    const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1000, height: 800 }, ...options });
    t.after(() => context.close());
    context.setDefaultTimeout(patience);
    const watch = new Watch(context, host.origin);
    await watch.begin(context);
    await context.addInitScript(noteEvents);
    const shop = new Shop();
    Object.assign(shop, { host, server, context, watch, page: await context.newPage() });
    if (clock) await shop.page.clock.install();
    await shop.load();
    return shop;
  }

  /** Opens the page. */
  async load() {
    await this.page.goto(`${this.host.origin}/shop.html`);
    await this.page.waitForFunction(() => customElements.get("liaison-connect"));
  }

  /** Another tab with the same page, which is open. */
  async tab() {
    const tab = Object.assign(new Shop(), { ...this, page: await this.context.newPage() });
    await tab.load();
    return tab;
  }

  part(name) {
    return this.page.getByTestId(name);
  }

  /** The element itself: calls a function with it in the page. */
  element(work, argument) {
    return this.page.locator("liaison-connect").evaluate(work, argument);
  }

  async phase(name) {
    try {
      await this.page.waitForFunction((want) => document.querySelector("liaison-connect").phase === want, name);
    } catch {
      throw new Error(`the modal is not ${name}: ${await this.element((e) => `${e.phase} ${e.shadowRoot.querySelector("#frame").innerText}`)}`);
    }
  }

  async says(name, pattern) {
    await this.part(name).filter({ hasText: pattern }).waitFor({ state: "attached" });
    return this.part(name).textContent();
  }

  /** The link on display, once it is another one than before. */
  async link(other = "") {
    await this.phase("waiting");
    await this.page.waitForFunction((other) => {
      const text = document.querySelector("liaison-connect").shadowRoot.querySelector("#link-text").textContent;
      return text && text !== other;
    }, other);
    return this.part("link-text").textContent();
  }

  /** Lets the code run out on the page's own clock, and no second more, since what
   * is asked of the server next has a time of its own. */
  async expire() {
    const gone = () => this.element((e) => e.phase !== "waiting" || e.shadowRoot.querySelector("#countdown").textContent.startsWith("2:"));
    const [minutes, seconds] = (await this.part("countdown").textContent()).match(/\d+/g).map(Number);
    await this.page.clock.runFor((60 * minutes + seconds) * 1_000 - 500);
    for (let n = 0; n < 10 && !(await gone()); n++) await this.page.clock.runFor(250);
  }

  openButton() {
    return this.page.getByRole("button", { name: "Link your wallet" });
  }

  /** What has the focus, however deep. */
  focused() {
    return this.page.evaluate(() => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return at.id || at.textContent;
    });
  }

  /** The events of the element so far, as they passed the document. */
  events(type) {
    return this.page.evaluate((type) => globalThis.told.filter((e) => !type || e.type === type), type);
  }

  async event(type, count = 1) {
    await this.page.waitForFunction(([type, count]) => globalThis.told.filter((e) => e.type === type).length >= count, [type, count]);
    return (await this.events(type)).at(-1);
  }
}

/** Runs in the page before its scripts: hears what leaves the shadow, also what does
 * not bubble. */
function noteEvents() {
  globalThis.told = [];
  for (const type of ["linked", "open", "message", "closed", "failed", "step", "phase"]) {
    document.addEventListener(type, ({ detail }) => detail && globalThis.told.push({ type, detail: { ...detail, link: undefined, reason: detail.reason?.code } }), true);
  }
}

