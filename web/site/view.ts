import { arrows, parseAccount, shortAddress, type Arrow, type Assurance, type LinkError, type LocalityReport, type Path, type Site } from "@liaison/client";
import { copyText } from "./copy.ts";
import { Countdown } from "./countdown.ts";
import { drawQR } from "./qr.ts";
import { arrowWords, assuranceWords, duration, isQuietEnd, nearness, pathMeaning, roundTrip, sentenceFor, triesLeft } from "./words.ts";

/** What the page is doing; the style sheet shows what belongs to it. */
export type Phase = "starting" | "waiting" | "joined" | "linking" | "code" | "resuming" | "connected" | "failed";

/** Which panel shows a phase. The one that held the conversation stays when that
 * ends. */
const panels: Record<Exclude<Phase, "failed">, "scan" | "ask" | "talk"> = {
  starting: "scan",
  waiting: "scan",
  joined: "ask",
  code: "ask",
  resuming: "ask",
  linking: "talk",
  connected: "talk",
};

/** The arrows of a resumption: all else was done before. */
const resumptionArrows: ReadonlySet<Arrow> = new Set<Arrow>([4, 13, 14, 15, 16, 17]);

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
  /** Gives up the wallet of before, for good. */
  forget(): void;
  /** Sends a text, or throws. */
  send(text: string): void;
  /** Takes the short code. */
  confirm(code: string): void;
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : origin;
}

function visible(element: Element): boolean {
  return getComputedStyle(element).visibility === "visible";
}

/** Everything that the page shows. It knows nothing of links but their words. */
export class View {
  readonly #status = part("status");
  readonly #input = part<HTMLInputElement>("message-input");
  readonly #messages = part("messages");
  readonly #notice = part("notice");
  readonly #code = part<HTMLInputElement>("code-input");
  readonly #countdown = new Countdown(part("countdown"), part("life"), () => this.status("Still waiting; 30 seconds are left."));
  #uri = "";
  #waitsFor = ""; // what the status says while the server is in reach

  constructor(actions: Actions) {
    this.#drawArrows();
    part("new-link").addEventListener("click", () => actions.newLink());
    part("disconnect").addEventListener("click", () => actions.disconnect());
    part("copy-link").addEventListener("click", () => void this.#copy());
    part("forget").addEventListener("click", () => actions.forget());
    part<HTMLFormElement>("code-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submitCode(actions);
    });
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
    this.#hideCode();
    for (const name of ["account", "account-short", "again-account", "again-site", "aside", "error-code", "failure-what", "failure-remedy"]) part(name).textContent = "";
    for (const name of ["path", "rtt", "assurance", "locality"]) part(name).textContent = "–";
    part("title").textContent = "Link your wallet";
    this.#notice.hidden = true;
    this.#input.value = "";
    this.status("Asking the server for a code …");
  }

  /** Says in one line what is going on. */
  status(text: string): void {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  /** Says whether the server is in reach, for whoever waits for a wallet. */
  reach(here: boolean): void {
    this.status(here ? this.#waitsFor : "The server is out of reach. Trying again …");
  }

  /** Shows a code that waits for a wallet. */
  waiting(uri: string, site: Site, lifeMs: number): void {
    this.#uri = uri;
    part("site-name").textContent = site.name;
    part("ask-site").textContent = hostOf(site.origin);
    part("again-site").textContent = `at ${hostOf(site.origin)}`;
    part("qr").replaceChildren(drawQR(uri));
    part("link-text").textContent = uri;
    part<HTMLAnchorElement>("open-wallet").href = uri;
    part("copy-link").toggleAttribute("disabled", false);
    this.#countdown.start(lifeMs);
    this.#phase("waiting");
    this.#wait("Waiting for a wallet to scan the code.");
  }

  /** Shows that a wallet has the code, which is of no use to another one now. */
  joined(app: string, lifeMs: number): void {
    const focused = part("link-text").parentElement!.contains(document.activeElement);
    this.#hideCode();
    part("ask-app").textContent = app ? `The wallet calls itself ${app}. If it is not yours, take a new code.` : "If that was not you, take a new code.";
    this.#countdown.start(lifeMs);
    this.#phase("joined");
    this.#wait("A wallet has scanned the code.");
    if (focused) part("title").focus();
  }

  /** Asks for the short code; after a wrong one again. */
  askCode(left: number, wrong?: string): void {
    this.#countdown.stop();
    this.#phase("code");
    this.status("One more step before it opens.");
    this.#codeNote(wrong === undefined ? "" : `That is not the code. ${triesLeft(left)}`);
    this.#code.disabled = false;
    if (wrong === undefined) this.#code.value = "";
    this.#code.select();
    this.#code.focus();
  }

  /** Shows that the short code was the right one. */
  confirmed(): void {
    if (document.documentElement.dataset.phase !== "code") return; // it went on already
    this.#code.value = "";
    this.#phase("linking");
    this.status("That is the code. Waiting for the wallet …");
  }

  /** Shows which wallet is waited for. */
  resuming(account: string, site: Site): void {
    part("site-name").textContent = site.name;
    part("again-account").textContent = shortAddress(parseAccount(account)?.address ?? account);
    part("again-site").textContent = `at ${hostOf(site.origin)}`;
    this.#drawArrows(resumptionArrows);
    this.missing();
  }

  /** Shows that the wallet of before is waited for. */
  missing(): void {
    const focused = document.activeElement;
    this.#phase("resuming");
    this.#mayWrite(false);
    part("aside").textContent = "";
    part("title").textContent = "Link your wallet";
    document.title = "Liaison";
    this.#wait("Waiting for your wallet to come back.");
    if (focused !== document.body && focused?.closest(".card") && !visible(focused)) part("title").focus();
  }

  /** Shows who linked, while the direct path is being found. */
  linked(account: string, address: string, assurance: Assurance): void {
    this.#countdown.stop();
    part("account").textContent = account;
    part("account-short").textContent = part("again-account").textContent = shortAddress(address);
    part("assurance").textContent = assuranceWords[assurance];
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

  /** Shows how near the wallet is. */
  locality(report: LocalityReport): void {
    part("locality").textContent = nearness(report);
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
    this.#hideCode();
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
    const said = this.#notice.hidden ? "" : this.#notice.textContent;
    if (!said.includes(text)) this.#notice.textContent = `${said} ${text}`.trim(); // one does not replace another
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
    if (phase !== "failed") root.dataset.panel = panels[phase];
    else if (root.dataset.panel === "ask") root.dataset.panel = "scan";
    root.dataset.phase = phase;
    delete root.dataset.end;
  }

  /** What is secret goes from the page as soon as it is of no use. */
  #hideCode(): void {
    this.#uri = "";
    part("qr").replaceChildren();
    part("link-text").textContent = "";
    part("open-wallet").removeAttribute("href");
    part("copy-link").toggleAttribute("disabled", true);
  }

  #wait(status: string): void {
    this.#waitsFor = status;
    this.status(status);
  }

  #submitCode(actions: Actions): void {
    const typed = this.#code.value;
    if (typed.replace(/\D/g, "").length !== 6) {
      this.#codeNote("The code has six digits.");
      this.#code.focus();
      return;
    }
    actions.confirm(typed);
  }

  #codeNote(text: string): void {
    part("code-note").textContent = text;
    this.#code.setAttribute("aria-invalid", String(text !== ""));
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

  #drawArrows(needed?: ReadonlySet<Arrow>): void {
    const rows = arrows.map((arrow) => {
      const [who, what] = arrowWords[arrow];
      const row = document.createElement("li");
      row.value = arrow;
      row.dataset.arrow = String(arrow);
      const skipped = needed !== undefined && !needed.has(arrow);
      row.dataset.state = skipped ? "skipped" : "pending";
      const number = element("span", "number", String(arrow));
      number.setAttribute("aria-hidden", "true");
      row.append(number, element("span", "who", who), element("span", "what", what), element("span", "when", skipped ? "done before" : ""));
      return row;
    });
    part("arrows").replaceChildren(...rows);
  }
}
