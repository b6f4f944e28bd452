// Pages that can be frozen. Playwright keeps each page of its own in focus, and Chromium
// freezes none that is; so these are opened and spoken to without it.
import { patience, within } from "./program.mjs";

/** A browser profile of its own for such pages. */
export class Profile {
  #devtools;
  #context;
  #waiting = new Map();
  #sent = 0;

  static async open(t, browser) {
    const profile = new Profile();
    profile.#devtools = await browser.newBrowserCDPSession();
    profile.#devtools.on("Target.receivedMessageFromTarget", ({ message }) => profile.#heard(JSON.parse(message)));
    const { browserContextId } = await profile.#devtools.send("Target.createBrowserContext", { disposeOnDetach: true });
    profile.#context = browserContextId;
    t.after(() => profile.#devtools.detach().catch(() => undefined)); // the browser may be gone
    return profile;
  }

  /** Opens a page. With a script it runs that, whatever the page's policy says. */
  async page(url, script) {
    const { targetId } = await this.#devtools.send("Target.createTarget", { url: "about:blank", browserContextId: this.#context });
    const { sessionId } = await this.#devtools.send("Target.attachToTarget", { targetId, flatten: false });
    const page = new LivingPage((method, params) => this.#send(sessionId, method, params), () => this.#devtools.send("Target.closeTarget", { targetId }));
    await page.load(url, script);
    return page;
  }

  #send(sessionId, method, params = {}) {
    const id = ++this.#sent;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#devtools.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params }) }).catch((error) => this.#waiting.get(id)?.reject(error));
    return answer;
  }

  #heard({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }
}

/** One of them. */
class LivingPage {
  #send;
  close;

  constructor(send, close) {
    this.#send = send;
    this.close = close;
  }

  async load(url, script) {
    await this.#send("Page.enable");
    await this.#send("Page.setBypassCSP", { enabled: true });
    await this.#send("Page.navigate", { url });
    await this.until("document.readyState === 'complete' && location.href !== 'about:blank'");
    if (script) await this.run(script);
  }

  /** Runs a script, and waits for what it resolves with. */
  async run(expression) {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Calls one of the functions that the page gives to its test. */
  call(name, ...args) {
    return within(this.run(`globalThis.tests[${JSON.stringify(name)}](...${JSON.stringify(args)})`), () => `a page's ${name}`, 2 * patience);
  }

  /** Waits until an expression holds. */
  async until(expression) {
    const end = Date.now() + patience;
    while (!(await this.run(`(async () => Boolean(await (${expression})))()`).catch(() => false))) {
      if (Date.now() > end) throw new Error(`not within ${patience} ms: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async freeze() {
    await this.#send("Page.setWebLifecycleState", { state: "frozen" });
  }

  async thaw() {
    await this.#send("Page.setWebLifecycleState", { state: "active" });
  }

  /** Ends the process that it runs in. Nothing answers that. */
  crash() {
    this.#send("Page.crash").catch(() => undefined);
  }
}
