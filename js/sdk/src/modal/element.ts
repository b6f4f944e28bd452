import { LinkError } from "../errors.ts";
import type { LinkEvent } from "../events.ts";
import { localities, type Locality } from "../localitylevel.ts";
import type { SiteLink, SiteOptions } from "../site.ts";
import type { SharedSite } from "../tabs.ts";
import { Attempt, type Again, type AttemptCalls, type Driver, type End } from "./attempt.ts";
import { english, loadLocale, write, type Locale } from "./locale.ts";
import { isQuietEnd, type Phase } from "./phase.ts";
import { Sharing } from "./sharing.ts";
import css from "./style.css";
import { View } from "./view.ts";

/** What the element tells. All events are composed, and all but "message" bubble: at
 * the window that would be taken for one of postMessage. */
export interface ConnectEvents {
  /** Who the wallet is. */
  linked: CustomEvent<{
    /** CAIP-10 name. */
    readonly account: string;
    /** The account's name on its chain. */
    readonly address: string;
    /** The link on which it was proved; undefined if another tab holds it. */
    readonly link: SiteLink | undefined;
  }>;
  /** The direct channel is open. */
  open: CustomEvent<{
    /** What the channel belongs to; undefined if another tab holds it. */
    readonly link: SiteLink | undefined;
  }>;
  /** A text of the wallet. */
  message: CustomEvent<{
    /** The text. */
    readonly data: string;
  }>;
  /** It is over, and somebody wanted it so, or nobody scanned the code. */
  closed: CustomEvent<{
    /** Who wanted it so. */
    readonly reason: LinkError;
  }>;
  /** It is over because it failed. */
  failed: CustomEvent<{
    /** Why. */
    readonly reason: LinkError;
  }>;
  /** Each event of the link, for whoever draws its record. */
  step: CustomEvent<LinkEvent>;
  /** What the element shows now. */
  phase: CustomEvent<{
    /** The same as the element's own. */
    readonly phase: Phase;
  }>;
}

// A page that is made on a server imports this without a DOM.
const Base = (globalThis.HTMLElement ?? Object) as typeof HTMLElement;
const againMs = [300, 1_000, 2_000, 5_000];
/** How often a code that nobody scans is renewed by itself: a tab that was
 * forgotten must not ask the server for ever. */
const defaultRenewals = 4;

export interface LiaisonConnect {
  /** Hears one of the element's own events. */
  addEventListener<K extends keyof ConnectEvents>(type: K, listener: (this: LiaisonConnect, event: ConnectEvents[K]) => void, options?: boolean | AddEventListenerOptions): void;
  /** Hears any other event. */
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** The element <liaison-connect>: a button that opens a modal dialog in which a
 * person links a wallet; with the attribute inline, the same in the page, begun at
 * once. */
export class LiaisonConnect extends Base {
  /** @internal */
  static readonly observedAttributes = ["lang", "dir"];

  /** More options than there are attributes for, which win over these. They count
   * from the next code on. */
  options: SiteOptions = {};
  #view: View | undefined;
  #button: HTMLButtonElement | undefined;
  #driver: Driver | undefined;
  #locale: Locale = english;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #translations = 0;
  #renewals = 0;
  #expired = false; // the code ran out while nobody looked

  /** The link, or the resumption, that the element shows; undefined if another tab
   * holds it. */
  get link(): SiteLink | undefined {
    return this.#driver?.link;
  }

  /** With the attribute shared, what sends and asks in each tab; undefined before the
   * element has begun. */
  get shared(): SharedSite | undefined {
    return this.#driver instanceof Sharing ? this.#driver.shared : undefined;
  }

  /** What the element is doing. */
  get phase(): Phase {
    return this.#view?.phase ?? "idle";
  }

  /** Whether it stands in the page. Set it before the element is there. */
  get inline(): boolean {
    return this.hasAttribute("inline");
  }

  /** @internal */
  connectedCallback(): void {
    if (!this.#view) this.#build();
    void this.#translate();
    addEventListener("pagehide", this.#leave);
    addEventListener("pageshow", this.#back);
    document.addEventListener("visibilitychange", this.#seen);
    if (this.inline && !this.#driver) this.#begin({ count: 0 });
  }

  /** @internal */
  disconnectedCallback(): void {
    // One that is only moved is back in the page before this runs.
    queueMicrotask(() => {
      if (this.isConnected) return;
      removeEventListener("pagehide", this.#leave);
      removeEventListener("pageshow", this.#back);
      document.removeEventListener("visibilitychange", this.#seen);
      if (this.#view!.frame instanceof HTMLDialogElement) this.#view!.frame.close();
      this.#leave();
      this.#driver = undefined;
      this.#view!.idle(); // the code does not stay in what is kept of the element
    });
  }

  /** @internal */
  attributeChangedCallback(): void {
    if (this.#view) void this.#translate();
  }

  /** Shows the dialog, and begins if nothing was begun or all is over. Throws an
   * "InvalidStateError" while the element is in no page, as a dialog's own call does. */
  open(): void {
    if (!this.isConnected) throw new DOMException("the element is not in a page", "InvalidStateError");
    const { frame } = this.#view!;
    if (frame instanceof HTMLDialogElement && !frame.open) frame.showModal();
    if (!this.#driver || this.phase === "failed" || this.phase === "idle") this.#begin({ count: 0 });
  }

  /** Puts the dialog away. An open channel goes on; anything else is given up. */
  close(): void {
    const { frame } = this.#view ?? this.#build();
    if (frame instanceof HTMLDialogElement && frame.open) frame.close();
    else this.#put();
  }

  #build(): View {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    if (!this.inline) root.append(this.#opener());
    this.#view = new View(
      root,
      !this.inline,
      {
        newLink: () => this.#begin(this.phase === "idle" ? { count: 0 } : undefined),
        disconnect: () => this.#driver?.disconnect(),
        forget: () => {
          this.#driver?.forget();
          this.#begin();
        },
        confirm: (code) => void this.#driver?.confirm(code),
        close: () => this.close(),
      },
      (phase) => {
        this.#name();
        this.#tell("phase", { phase });
      },
    );
    this.#view.frame.addEventListener("close", () => this.#put());
    return this.#view;
  }

  /** What opens the dialog: the page's own content of the element, or a button. */
  #opener(): HTMLElement {
    const slot = document.createElement("slot");
    this.#button = document.createElement("button");
    this.#button.className = "primary";
    this.#button.setAttribute("part", "button");
    slot.append(this.#button);
    slot.addEventListener("click", () => this.open());
    return slot;
  }

  async #translate(): Promise<void> {
    const tag = this.lang || this.closest("[lang]")?.getAttribute("lang") || navigator.language;
    const nth = ++this.#translations;
    const locale = await loadLocale(tag);
    if (nth !== this.#translations) return; // another one was asked for meanwhile
    this.#locale = locale;
    const { frame } = this.#view!;
    this.#view!.speak(locale);
    if (this.dir) frame.dir = this.dir;
    frame.lang = locale === english ? "en" : tag;
    this.#name();
  }

  /** Says on the button what it leads to. */
  #name(): void {
    if (this.#button) this.#button.textContent = write(this.#locale, this.phase === "connected" ? "titleLinked" : "button");
  }

  /** What the attributes and the property ask for. Throws for a value that there
   * is not: to ask for less than was meant would be worse. */
  #asked(): SiteOptions {
    const server = this.getAttribute("server");
    const confirm = this.#choice("confirm", ["none", "sas"]);
    const locality = this.#choice("locality", localities) as Locality | undefined;
    const legacy = this.#choice("legacy", ["deny", "warn", "allow"]);
    const candidates = this.#choice("candidates", ["host", "srflx", "relay"]);
    return { ...(server && { server }), ...(confirm && { confirm }), ...(locality && { locality }), ...(legacy && { legacy }), ...(candidates && { candidates }), ...this.options };
  }

  #choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.getAttribute(name);
    if (value === null) return undefined;
    if (choices.includes(value as T)) return value as T;
    throw new LinkError("invalid_message", { detail: `${name}="${value}" is none of ${choices.join(", ")}`, remedy: "The owner of this page has to correct it." });
  }

  /** Begins anew in the place of what there is; without again there is a code in any
   * case. */
  #begin(again?: Again, renewed = false): void {
    clearTimeout(this.#timer);
    this.#expired = false;
    if (!renewed) this.#renewals = 0;
    if (this.#driver instanceof Sharing && !this.#driver.over) return this.#driver.again(!again, renewed);
    this.#driver?.abandon();
    this.#driver = undefined;
    this.#view!.reset();
    this.#try(again, renewed);
  }

  #try(again: Again | undefined, renewed: boolean): void {
    const calls: AttemptCalls = {
      view: this.#view!,
      told: (event) => this.#told(event),
      ended: (end) => this.#ended(end),
    };
    try {
      const options = this.#asked();
      this.#driver = this.hasAttribute("shared") ? new Sharing(options, calls) : new Attempt(options, again, renewed, calls);
    } catch (cause) {
      this.#ended({ reason: cause as LinkError });
    }
  }

  #told(event: LinkEvent): void {
    const { link } = this;
    this.#tell("step", event);
    if (event.type === "linked") this.#tell("linked", { account: event.account, address: event.address, link });
    if (event.type === "open") this.#tell("open", { link });
    if (event.type === "message") this.#tell("message", { data: event.data });
  }

  #ended(end: End): void {
    this.#expired = false; // of this end, and no earlier one
    const view = this.#view!;
    if ("again" in end) {
      view.missing();
      view.reach(end.serverHere);
      this.#timer = setTimeout(() => this.#try(end.again, false), againMs[Math.min(end.again.count, againMs.length - 1)]);
      return;
    }
    if ("expired" in end && this.#renewals < this.#mostRenewals) {
      if (document.visibilityState === "visible") return this.#renew();
      this.#expired = true;
    }
    const reason = "expired" in end ? end.expired : end.reason;
    view.failed(reason);
    this.#tell(isQuietEnd(reason.code) ? "closed" : "failed", { reason });
  }

  get #mostRenewals(): number {
    const asked = this.getAttribute("renewals");
    return asked === null ? defaultRenewals : Number(asked) || 0;
  }

  #renew(): void {
    this.#renewals++;
    this.#begin(undefined, true);
  }

  /** The dialog was closed, by whatever key or button. */
  #put(): void {
    if (this.#driver?.open) return;
    this.#leave();
    this.#driver = undefined;
    this.#view!.idle();
  }

  // The wallet learns at once that this page is gone.
  readonly #leave = (): void => {
    clearTimeout(this.#timer);
    this.#driver?.abandon();
  };

  // A page that the browser brings back from its cache has no connection any more.
  readonly #back = (event: PageTransitionEvent): void => {
    if (event.persisted && this.#driver) this.#begin({ count: 0 });
  };

  readonly #seen = (): void => {
    // Another tab may have had a new one made.
    if (this.#expired && this.phase === "failed" && document.visibilityState === "visible") this.#renew();
  };

  #tell<K extends keyof ConnectEvents>(type: K, detail: ConnectEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: type !== "message", composed: true }));
  }
}
