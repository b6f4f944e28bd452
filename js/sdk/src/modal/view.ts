import { parseAccount, shortAddress } from "../account.ts";
import type { Assurance } from "../assurance.ts";
import type { LinkError } from "../errors.ts";
import type { SiteLink } from "../site.ts";
import type { Site } from "../wire.ts";
import { clock, Countdown } from "./countdown.ts";
import { english, explain, write, type Locale, type TextKey, type Values } from "./locale.ts";
import { again, isQuietEnd, type Phase } from "./phase.ts";

/** What a person can do in the modal. */
export interface Actions {
  newLink(): void;
  disconnect(): void;
  /** Gives up the wallet of before, for good. */
  forget(): void;
  /** Takes the short code. */
  confirm(code: string): void;
  /** Puts the dialog away. */
  close(): void;
}

type Tags = HTMLElementTagNameMap;
type Attributes = Readonly<Record<string, string>>;

/** Which blocks a phase shows. */
const blocks: Readonly<Record<Phase, string>> = {
  idle: "new",
  starting: "scan share aside new",
  waiting: "scan share aside new",
  joined: "joined aside new",
  code: "ask off",
  linking: "facts off",
  resuming: "resuming new",
  connected: "facts off done",
  failed: "failure new",
};

const assuranceKeys: Readonly<Record<Assurance, TextKey>> = {
  "server-asserted": "serverAsserted",
  sealed: "sealed",
  "sealed+origin": "sealedOrigin",
  "phishing-resistant": "phishingResistant",
};

const drawings = {
  tick: "M24 32l6 6 11-12",
  turn: "M39.5 28a9 9 0 1 0 1.5 5m0-8v5h-5",
};

/** Everything that the modal shows. It knows nothing of links but their words. */
export class View {
  /** The dialog, or the section that stands in the page. */
  readonly frame: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #changed: (phase: Phase) => void;
  readonly #parts = new Map<string, HTMLElement>();
  /** What each element says, to say it again in another language. */
  readonly #said = new Map<HTMLElement, readonly [TextKey, Values]>();
  readonly #labels = new Map<Element, TextKey>();
  readonly #countdown: Countdown;
  #locale = english;
  #phase: Phase = "idle";
  #uri = "";
  #waitsFor: TextKey = "starting"; // what the status says while the server is in reach
  #reason: LinkError | undefined;
  #notices: TextKey[] = [];
  #copied: ReturnType<typeof setTimeout> | undefined;

  constructor(root: ShadowRoot, modal: boolean, actions: Actions, changed: (phase: Phase) => void) {
    this.#root = root;
    this.#changed = changed;
    this.#countdown = new Countdown(
      (leftMs, part) => {
        this.#say("countdown", "left", { time: clock(leftMs) });
        this.#part("life").style.transform = `scaleX(${part})`;
      },
      () => this.#status("almostOver"),
    );
    this.frame = this.#build(modal, actions);
    root.append(this.frame);
    this.#show();
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Says everything in another language. */
  speak(locale: Locale): void {
    this.#locale = locale;
    this.frame.dir = locale.dir;
    for (const [element, [key, values]] of this.#said) element.textContent = write(locale, key, values);
    for (const [element, key] of this.#labels) element.setAttribute("aria-label", write(locale, key));
    this.#explain();
    this.#warn();
  }

  /** Shows nothing of a link any more. */
  idle(): void {
    this.#empty();
    this.#wait("notLinked");
    this.#go("idle");
  }

  /** Begins again. */
  reset(): void {
    this.#empty();
    this.#wait("starting");
    this.#go("starting");
  }

  #empty(): void {
    this.#reason = undefined;
    this.#notices = [];
    this.#warn();
    this.#stop();
    this.#hideCode();
    for (const name of ["account", "account-short", "ms", "app", "who", "error-code", "assurance"]) this.#clear(name);
    this.#say("title", "title");
  }

  /** Shows who asks. */
  at(site: Site): void {
    this.#part("site-name").textContent = site.name;
    this.#say("ask-site", "confirmSite", { site: host(site) });
  }

  /** Shows a code that waits for a wallet. */
  waiting({ uri, site, lifeMs }: Pick<SiteLink, "uri" | "site" | "lifeMs">, image: SVGSVGElement | undefined, renewed: boolean): void {
    this.#uri = uri;
    this.at(site);
    if (image) {
      image.setAttribute("aria-label", write(this.#locale, "qr"));
      this.#labels.set(image, "qr");
      this.#part("qr").replaceChildren(image);
    }
    this.#part("link-text").textContent = uri;
    this.#part("open-wallet").setAttribute("href", uri);
    this.#part("copy-link").toggleAttribute("disabled", false);
    this.#countdown.start(lifeMs);
    this.#wait(renewed ? "renewed" : "waiting");
    this.#go("waiting");
  }

  /** Shows that a wallet has the code, which is of no use to another one now. */
  joined(app: string, lifeMs: number): void {
    this.#hideCode();
    this.#say("app", app ? "confirmApp" : "confirmNoApp", { app });
    this.#countdown.start(lifeMs);
    this.#wait("joined");
    this.#go("joined");
  }

  /** Says that the wallet of before has come. */
  here(): void {
    this.#status("resumingHere");
  }

  /** Asks for the short code; after a wrong one again. */
  askCode(left: number, wrong: boolean): void {
    const input = this.#part("code-input") as HTMLInputElement;
    this.#stop();
    this.#status("code");
    this.#note(wrong ? (left === 1 ? "codeWrong1" : "codeWrong2") : undefined);
    if (!wrong) input.value = "";
    this.#go("code");
    // Whoever is busy elsewhere in the page is not torn away from there.
    const elsewhere = document.activeElement;
    if (elsewhere && elsewhere !== document.body && elsewhere !== this.#root.host) return;
    input.select();
    input.focus();
  }

  /** Shows that the short code was the right one. */
  confirmed(): void {
    if (this.#phase !== "code") return; // it went on already
    this.#status("codeRight");
    this.#go("linking");
  }

  /** Shows which wallet is waited for. */
  resuming(account: string, site: Site): void {
    this.at(site);
    this.#say("who", "resumingWho", { account: short(account), site: host(site) });
    this.missing();
  }

  /** Shows that the wallet of before is waited for. */
  missing(): void {
    this.#clear("ms");
    this.#say("title", "titleResuming");
    this.#wait("resuming");
    this.#go("resuming");
  }

  /** Shows who linked, while the direct path is being found. */
  linked(account: string, assurance: Assurance, site: Site | undefined): void {
    this.#stop();
    this.#hideCode();
    if (site) this.#say("who", "resumingWho", { account: short(account), site: host(site) });
    this.#part("account").textContent = account;
    this.#part("account-short").textContent = short(account);
    this.#say("assurance", assuranceKeys[assurance]);
    this.#status("linking");
    this.#go("linking");
  }

  /** Shows that the channel is open. */
  connected(): void {
    this.#say("title", "titleLinked");
    this.#status("connected");
    this.#go("connected");
    if (this.#root.activeElement === this.#part("title")) this.#rest().focus();
  }

  /** Shows the round-trip time. It is not part of the status, since that is read
   * aloud. */
  roundTrip(rttMs: number | undefined): void {
    if (rttMs === undefined) return;
    this.#say("ms", rttMs < 1 ? "roundTripShort" : "roundTrip", { ms: String(Math.round(rttMs)) });
  }

  /** Says whether the direct path holds. */
  broken(broken: boolean): void {
    this.#status(broken ? "broken" : "connected");
  }

  /** Says whether the server is in reach. */
  reach(here: boolean): void {
    if (this.#phase === "connected") this.#status(here ? "connected" : "serverGone");
    else this.#status(here ? this.#waitsFor : "outOfReach");
  }

  /** Warns of something that changes nothing; one does not replace another. */
  warn(key: "unsealed" | "secondWallet"): void {
    if (!this.#notices.includes(key)) this.#notices.push(key);
    this.#warn();
  }

  /** Shows why it ended and what to do next. */
  failed(reason: LinkError): void {
    const had = this.#phase;
    this.#reason = reason;
    this.#stop();
    this.#hideCode();
    this.#clear("ms");
    this.#say("title", "title");
    this.#explain();
    const code = this.#part("error-code");
    code.textContent = reason.code;
    code.title = [reason.detail, reason.instance].filter(Boolean).join(" · ");
    this.#status(had === "connected" || had === "linking" ? "notConnected" : "notLinked");
    this.#go("failed");
  }

  #build(modal: boolean, actions: Actions): HTMLElement {
    const { frame, card } = this.#frame(modal, actions);
    card.append(this.#head(), this.#body(actions), this.#foot(actions));
    return frame;
  }

  #frame(modal: boolean, actions: Actions) {
    const card = this.#make("div", "", { class: "card" });
    const frame = this.#make(modal ? "dialog" : "section", "frame", { part: modal ? "dialog" : "panel", "aria-labelledby": "title" }, card);
    if (modal) {
      const close = this.#make("button", "close", { type: "button", class: "close" }, drawing("0 0 24 24", "M6 6l12 12M18 6L6 18"));
      this.#labels.set(close, "close");
      close.addEventListener("click", () => actions.close());
      card.append(close);
    }
    return { frame, card };
  }

  #head(): HTMLElement {
    const title = this.#make("h2", "title", { tabindex: "-1", autofocus: "" });
    this.#say("title", "title");
    const status = this.#make("p", "", { class: "status" }, this.#make("span", "", { class: "dot", "aria-hidden": "true" }), this.#make("span", "status", { role: "status" }), this.#make("span", "ms"));
    return this.#make("div", "head", {}, this.#make("p", "site-name"), title, status);
  }

  #body(actions: Actions): HTMLElement {
    const scan = this.#make("div", "scan", {}, this.#make("div", "qr"));
    const joined = this.#step("joined", drawings.tick, this.#text("p", "confirm", "big"), this.#make("p", "ask-site"), this.#make("p", "app", { class: "fine" }));
    const resuming = this.#step("resuming", drawings.turn, this.#text("p", "resumingStep", "big"), this.#text("p", "resumingHow"), this.#make("p", "who", { class: "fine" }), this.#button("forget", "forget", "", () => actions.forget()));
    const facts = this.#make("div", "facts", {}, this.#dl());
    const failure = this.#make("div", "failure", { role: "alert", "data-testid": "error" }, this.#make("p", "what", { class: "big" }), this.#make("p", "next"));
    const notice = this.#make("p", "notice", { role: "alert" });
    return this.#make("div", "body", {}, scan, joined, this.#form(actions), resuming, facts, failure, notice);
  }

  #dl(): HTMLElement {
    const account = this.#make("dd", "", {}, this.#make("bdi", "account-short"), this.#make("code", "account", { dir: "ltr" }));
    return this.#make("dl", "", {}, this.#text("dt", "account"), account, this.#text("dt", "channel"), this.#make("dd", "assurance"));
  }

  #form(actions: Actions): HTMLElement {
    const input = this.#make("input", "code-input", {
      inputmode: "numeric", autocomplete: "one-time-code", maxlength: "11", spellcheck: "false", dir: "ltr", "aria-describedby": "code-note",
    });
    const send = this.#button("code-send", "codeSend", "primary", () => {});
    send.type = "submit";
    const label = this.#text("label", "codeLabel", "big");
    label.htmlFor = "code-input";
    const form = this.#make("form", "ask", { class: "step", novalidate: "" }, label, input, this.#make("p", "code-note", { role: "alert" }), send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.replace(/\D/g, "").length === 6) return actions.confirm(input.value);
      this.#note("codeSixDigits");
      input.focus();
    });
    return form;
  }

  #foot(actions: Actions): HTMLElement {
    const text = this.#make("code", "link-text", { dir: "ltr", role: "group" });
    this.#labels.set(text, "link");
    const copy = this.#button("copy-link", "copy", "", () => void this.#copy());
    const open = this.#text("a", "openHere", "open", "open-wallet");
    // Where no app takes such links, nothing happens, and no page is told.
    open.addEventListener("click", () => this.#say("open-note", "nothingOpened"));
    const share = this.#make("div", "share", {}, text, copy, open, this.#make("p", "open-note", { class: "fine", role: "status" }));
    const life = this.#make("div", "aside", { "aria-hidden": "true" }, this.#make("span", "life"));
    const buttons = [
      this.#button("new-link", "newCode", "", () => actions.newLink(), "new"),
      this.#button("disconnect", "disconnect", "", () => actions.disconnect(), "off"),
      this.#button("done", "done", "primary", () => actions.close(), "done"),
    ];
    const left = this.#make("span", "countdown", { role: "timer", "aria-live": "off" });
    const code = this.#make("code", "error-code", { dir: "ltr" });
    return this.#make("div", "foot", {}, share, life, this.#make("div", "", { class: "bar" }, left, code, ...buttons));
  }

  #step(name: string, tick: string, ...children: Node[]): HTMLElement {
    const phone = drawing("0 0 64 72", "M23 4h18q8 0 8 8v48q0 8-8 8H23q-8 0-8-8V12q0-8 8-8zM27 59h10", tick);
    phone.classList.add("phone");
    return this.#make("div", name, { class: "step" }, phone, ...children);
  }

  /** Makes an element; one with a name can be found again. */
  #make<T extends keyof Tags>(tag: T, name: string, attributes: Attributes = {}, ...children: Node[]): Tags[T] {
    const made = document.createElement(tag);
    if (name) {
      made.id = made.dataset.testid = name;
      this.#parts.set(name, made);
    }
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  #text<T extends keyof Tags>(tag: T, key: TextKey, className = "", name = ""): Tags[T] {
    const made = this.#make(tag, name, className ? { class: className } : {});
    this.#said.set(made, [key, {}]);
    made.textContent = write(this.#locale, key);
    return made;
  }

  #button(name: string, key: TextKey, className: string, act: () => void, block = ""): HTMLButtonElement {
    const made = this.#text("button", key, className, name);
    made.type = "button";
    made.dataset.block = block;
    made.addEventListener("click", act);
    return made;
  }

  #part(name: string): HTMLElement {
    return this.#parts.get(name)!;
  }

  #say(name: string, key: TextKey, values: Values = {}): void {
    const element = this.#part(name);
    const text = write(this.#locale, key, values);
    this.#said.set(element, [key, values]);
    if (element.textContent !== text) element.textContent = text; // a live region says each change
  }

  #clear(name: string): void {
    this.#said.delete(this.#part(name));
    this.#part(name).textContent = "";
  }

  #status(key: TextKey): void {
    this.#say("status", key);
  }

  #stop(): void {
    this.#countdown.stop();
    this.#clear("countdown");
  }

  #wait(key: TextKey): void {
    this.#waitsFor = key;
    this.#status(key);
  }

  #note(key: TextKey | undefined): void {
    if (key) this.#say("code-note", key);
    else this.#clear("code-note");
    this.#part("code-input").setAttribute("aria-invalid", String(key !== undefined));
  }

  #warn(): void {
    const notice = this.#part("notice");
    notice.textContent = this.#notices.map((key) => write(this.#locale, key)).join(" ");
    notice.hidden = this.#notices.length === 0;
  }

  #explain(): void {
    const [what, next] = this.#reason ? explain(this.#locale, this.#reason) : ["", ""];
    this.#part("what").textContent = what;
    this.#part("next").textContent = next;
  }

  /** What is secret goes from the page as soon as it is of no use. */
  #hideCode(): void {
    this.#uri = "";
    for (const image of this.#part("qr").children) this.#labels.delete(image);
    this.#part("qr").replaceChildren();
    this.#part("link-text").textContent = "";
    this.#part("open-wallet").removeAttribute("href");
    this.#part("copy-link").toggleAttribute("disabled", true);
    this.#clear("open-note");
  }

  async #copy(): Promise<void> {
    let copied = true;
    try {
      await navigator.clipboard.writeText(this.#uri);
    } catch {
      copied = false; // then the person can, with what is selected
      getSelection()?.selectAllChildren(this.#part("link-text"));
    }
    this.#say("copy-link", copied ? "copied" : "selected");
    clearTimeout(this.#copied);
    this.#copied = setTimeout(() => this.#say("copy-link", "copy"), 2_000);
  }

  #go(phase: Phase): void {
    const focused = this.#root.activeElement;
    this.#phase = phase;
    this.#show();
    // Whoever was on something that is gone now must not fall to the top.
    if (focused && focused.getClientRects().length === 0) this.#rest().focus();
    this.#changed(phase);
  }

  /** Where the focus goes when what had it is gone. */
  #rest(): HTMLElement {
    if (this.#phase === "failed") return this.#part("new-link");
    return this.#part(this.#phase === "connected" && this.frame.localName === "dialog" ? "done" : "title");
  }

  #show(): void {
    const { frame } = this;
    const shown = blocks[this.#phase].split(" ");
    frame.dataset.phase = this.#phase;
    frame.toggleAttribute("data-quiet", !!this.#reason && isQuietEnd(this.#reason.code));
    for (const name of ["scan", "share", "aside", "joined", "ask", "facts", "resuming", "failure"]) this.#part(name).hidden = !shown.includes(name);
    for (const name of ["new-link", "disconnect", "done"]) this.#part(name).hidden = !shown.includes(this.#part(name).dataset.block!);
    if (frame.localName !== "dialog") this.#part("done").hidden = true;
    const retry = this.#phase === "failed" && !!this.#reason && again.has(this.#reason.code);
    this.#say("new-link", retry ? "tryAgain" : "newCode");
    this.#part("new-link").className = this.#phase === "failed" ? "primary" : "";
    this.#part("error-code").hidden = this.#phase !== "failed";
  }
}

function drawing(viewBox: string, ...paths: string[]): SVGSVGElement {
  const svg = "http://www.w3.org/2000/svg";
  const image = document.createElementNS(svg, "svg");
  for (const [name, value] of Object.entries({ viewBox, "aria-hidden": "true", focusable: "false" })) image.setAttribute(name, value);
  for (const d of paths) {
    const path = document.createElementNS(svg, "path");
    path.setAttribute("d", d);
    image.append(path);
  }
  return image;
}

function short(account: string): string {
  return shortAddress(parseAccount(account)?.address ?? account);
}

function host({ origin }: Site): string {
  return URL.canParse(origin) ? new URL(origin).host : origin;
}
