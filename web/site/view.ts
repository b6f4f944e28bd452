import { arrows, shortAddress, type Arrow, type LinkError, type Path } from "@liaison/client";
import { copyText } from "./copy.ts";
import { Countdown } from "./countdown.ts";
import { drawQR } from "./qr.ts";
import { arrowWords, duration, isQuietEnd, pathMeaning, roundTrip, sentenceFor } from "./words.ts";

/** What the page is doing; the style sheet shows what belongs to it. */
export type Phase = "starting" | "waiting" | "linking" | "connected" | "failed";

function part<T extends HTMLElement>(name: string): T {
  const found = document.querySelector<T>(`[data-testid="${name}"]`) ?? document.getElementById(name);
  if (!found) throw new Error(`the page has no ${name}`);
  return found as T;
}

function element(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** What a person can do on the page. */
export interface Actions {
  newLink(): void;
  disconnect(): void;
  /** Sends a text, or throws. */
  send(text: string): void;
}

/** Everything that the page shows. It knows nothing of links but their words. */
export class View {
  readonly #status = part("status");
  readonly #input = part<HTMLInputElement>("message-input");
  readonly #messages = part("messages");
  readonly #notice = part("notice");
  readonly #countdown = new Countdown(part("countdown"), part("life"), () => this.status("Still waiting for a wallet; 30 seconds are left."));
  #uri = "";

  constructor(actions: Actions) {
    this.#drawArrows();
    part("new-link").addEventListener("click", () => actions.newLink());
    part("disconnect").addEventListener("click", () => actions.disconnect());
    part("copy-link").addEventListener("click", () => void this.#copy());
    part<HTMLFormElement>("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(actions);
    });
  }

  /** Begins again, as when the page was opened. */
  reset(): void {
    this.#phase("starting");
    this.#countdown.stop();
    this.#drawArrows();
    this.#messages.replaceChildren();
    part("qr").replaceChildren();
    for (const name of ["link-text", "account", "account-short", "aside", "error-code", "failure-what", "failure-remedy"]) part(name).textContent = "";
    part("path").textContent = part("rtt").textContent = "–";
    part("open-wallet").removeAttribute("href");
    part("copy-link").toggleAttribute("disabled", true);
    part("title").textContent = "Link your wallet";
    this.#notice.hidden = true;
    this.#input.value = "";
    this.status("Asking the server for a code …");
  }

  /** Says in one line what is going on. */
  status(text: string): void {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  /** Shows a code that waits for a wallet. */
  waiting(uri: string, siteName: string, lifeMs: number): void {
    this.#uri = uri;
    part("site-name").textContent = siteName;
    part("qr").replaceChildren(drawQR(uri));
    part("link-text").textContent = uri;
    part<HTMLAnchorElement>("open-wallet").href = uri;
    part("copy-link").toggleAttribute("disabled", false);
    this.#countdown.start(lifeMs);
    this.#phase("waiting");
    this.status("Waiting for a wallet to scan the code.");
  }

  /** Shows who linked, while the direct path is being found. */
  linked(account: string, address: string): void {
    this.#countdown.stop();
    part("account").textContent = account;
    part("account-short").textContent = shortAddress(address);
    this.#phase("linking");
    this.#mayWrite(false);
    this.status("The wallet said yes. Connecting directly …");
  }

  /** Shows the conversation. */
  connected(tookMs: number): void {
    this.#phase("connected");
    this.#mayWrite(true);
    part("aside").textContent = `direct ${duration(tookMs)} after the wallet answered`;
    part("title").textContent = "Your wallet is linked";
    this.status("Connected directly to the wallet.");
    document.title = "Connected · Liaison";
    // A phone would open its keyboard over the page.
    (matchMedia("(pointer: fine)").matches ? this.#input : part("title")).focus();
  }

  /** Shows the direct path. */
  path({ kind, rttMs }: Path): void {
    part("path").textContent = kind;
    part("path").title = pathMeaning[kind];
    part("rtt").textContent = roundTrip(rttMs);
  }

  /** Shows why it ended and what to do next. */
  failed(reason: LinkError): void {
    this.#countdown.stop();
    const focused = document.activeElement;
    this.#phase("failed");
    document.documentElement.dataset.end = isQuietEnd(reason.code) ? "quiet" : "loud";
    this.#mayWrite(false);
    part("aside").textContent = "";
    part("title").textContent = "Link your wallet";
    part("failure-what").textContent = sentenceFor(reason.code);
    part("failure-remedy").textContent = reason.remedy;
    part("error-code").textContent = reason.code;
    part("error-code").title = reason.instance ? `${reason.detail} (${reason.instance})` : reason.detail;
    this.status(document.documentElement.dataset.panel === "talk" ? "Not connected any more." : "Not linked.");
    document.title = "Liaison";
    // Whoever was on a control that is gone now must not fall to the top.
    if (focused !== document.body && focused?.closest(".card")) part("new-link").focus();
  }

  /** Warns of something that changes nothing. */
  warn(text: string): void {
    this.#notice.textContent = text;
    this.#notice.hidden = false;
  }

  /** Notes an arrow of the sequence as seen. */
  arrow(arrow: Arrow, at: number): void {
    const row = document.querySelector<HTMLElement>(`[data-arrow="${arrow}"]`);
    if (!row) return;
    row.dataset.state = "done";
    const time = row.querySelector(".when");
    if (time) time.textContent = duration(at);
  }

  /** Adds a message to the conversation. */
  message(from: "site" | "wallet", text: string): void {
    const row = document.createElement("li");
    row.dataset.from = from;
    row.append(element("span", "unseen", from === "site" ? "You: " : "Wallet: "), element("span", "text", text));
    this.#messages.append(row);
    const log = this.#messages.parentElement!;
    log.scrollTop = log.scrollHeight;
  }

  #phase(phase: Phase): void {
    const root = document.documentElement;
    // The panel that held the conversation stays when that ends.
    if (phase !== "failed") root.dataset.panel = phase === "linking" || phase === "connected" ? "talk" : "scan";
    root.dataset.phase = phase;
    delete root.dataset.end;
  }

  #mayWrite(may: boolean): void {
    this.#input.disabled = !may;
    part<HTMLButtonElement>("message-send").disabled = !may;
  }

  #submit(actions: Actions): void {
    const text = this.#input.value;
    if (!text) return;
    try {
      actions.send(text);
    } catch {
      return; // the channel has just ended, and the page says so
    }
    this.message("site", text);
    this.#input.value = "";
  }

  async #copy(): Promise<void> {
    const button = part("copy-link");
    button.textContent = (await copyText(this.#uri, part("link-text"))) ? "Copied" : "Selected";
    setTimeout(() => (button.textContent = "Copy"), 2_000);
  }

  #drawArrows(): void {
    const rows = arrows.map((arrow) => {
      const [who, what] = arrowWords[arrow];
      const row = document.createElement("li");
      row.value = arrow;
      row.dataset.arrow = String(arrow);
      row.dataset.state = "pending";
      const number = element("span", "number", String(arrow));
      number.setAttribute("aria-hidden", "true");
      row.append(number, element("span", "who", who), element("span", "what", what), element("span", "when", ""));
      return row;
    });
    part("arrows").replaceChildren(...rows);
  }
}
