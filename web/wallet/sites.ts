import type { Assurance, Code, LinkError, LocalityReport, Path, PathKind, Site } from "@liaison/client";
import { Responder } from "@liaison/client/requests";
import type { Pairing, WalletEvent, WalletLink } from "@liaison/client/wallet";
import type { WalletSDK } from "./sdk.ts";

/** Whether a site is there; "elsewhere" is one that another tab of this wallet has, and
 * "narrow" one that no path led to by the addresses that it may be told. */
export type Presence = "resting" | "waiting" | "elsewhere" | "narrow" | "connecting" | "here" | "broken";

/** One text that was said on a link, or a method that the site asked for and this wallet
 * does not have. */
export interface Said {
  readonly from: "site" | "wallet" | "asked";
  readonly text: string;
}

// After these there is nothing to meet again: one side said goodbye.
const over: ReadonlySet<Code> = new Set<Code>(["canceled", "channel_closed", "link_closed", "resumption_unknown", "certificate_mismatch", "code_mismatch", "not_local", "user_rejected"]);
const againMs = [500, 1_000, 2_000, 5_000, 15_000];
// To look whether another tab still has it asks nobody but the browser, which knows at once.
const elsewhereMs = 1_000;
const knownMs = 200;
// The same addresses hardly lead there a moment later.
const narrowMs = 60_000;
// To wait for a site is to ask its server again and again, which bounds how often
// somebody may ask. The others are met when their person looks at them.
const mostWaiting = 5;
const mostSaid = 500;

/** A site that this wallet is linked with, there or not. */
export class LinkedSite {
  readonly site: Site;
  readonly account: string;
  readonly verified: boolean;
  readonly assurance: Assurance | undefined;
  presence: Presence = "connecting";
  /** The digits to type at the site; empty if it asks for none, or once it is open. */
  shortCode = "";
  path: Path | undefined;
  locality: LocalityReport | undefined;
  /** Whether the server is in reach. */
  attached = true;
  notice: LinkError | undefined;
  /** Takes the person's answer on whether to go on with a site that is not near;
   * undefined if that is not asked. */
  goOn: ((yes: boolean) => void) | undefined;
  /** The last of what was said. */
  readonly said: Said[] = [];
  /** How much was said before that. */
  dropped = 0;
  /** What it can be met again with; undefined before the wallet has stored it. */
  pairing: Pairing | undefined;
  #link: WalletLink | undefined;
  /** Answers what the site asks for: this wallet does nothing but sign in. */
  readonly #responder = new Responder({}, { onUnknown: ({ method }) => this.#asked(method) });

  constructor({ site, account, verified, assurance }: Pick<LinkedSite, "site" | "account" | "verified" | "assurance">) {
    this.site = site;
    this.account = account;
    this.verified = verified;
    this.assurance = assurance;
  }

  get link(): WalletLink | undefined {
    return this.#link;
  }

  set link(link: WalletLink | undefined) {
    this.#link = link;
    if (link) this.#responder.use(link);
  }

  /** Says something to the site. Throws a LinkError if it is not there. */
  say(text: string): void {
    this.#link?.send(text);
    this.#add({ from: "wallet", text });
  }

  /** Asks the person once more; resolves with the answer. */
  ask(changed: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      this.goOn = (yes) => {
        this.goOn = undefined;
        changed();
        resolve(yes);
      };
      changed();
    });
  }

  /** Takes in what happens; returns whether it is to be seen. */
  hear(event: WalletEvent): boolean {
    switch (event.type) {
      case "code":
        this.shortCode = event.shortCode;
        return true;
      case "open":
        this.shortCode = "";
        this.presence = "here";
        return true;
      case "path":
        this.path = event.path;
        return true;
      case "broken":
        this.presence = event.broken ? "broken" : "here";
        return true;
      case "locality":
        this.locality = event.locality;
        return true;
      case "message":
        if (!this.#responder.hear(event)) this.#add({ from: "site", text: event.data });
        return true;
      case "signaling":
        this.attached = event.attached;
        return true;
      case "notice":
        this.notice = event.notice;
        return true;
      default:
        return false; // "peer" is between the server and the site, "closed" is told by the link
    }
  }

  /** One that asks for the same again and again is told of once. */
  #asked(method: string): void {
    const last = this.said.at(-1);
    if (last?.from !== "asked" || last.text !== method) this.#add({ from: "asked", text: method });
  }

  #add(said: Said): void {
    this.said.push(said);
    if (this.said.length <= mostSaid) return;
    this.said.shift();
    this.dropped++;
  }
}

/** What surrounds the linked sites. */
export interface SitesPlatform {
  readonly sdk: WalletSDK;
  /** The widest kind of addresses that a site is told by now. */
  candidates(): PathKind;
  /** Calls back once after some milliseconds, unless the result is called. */
  after(ms: number, callback: () => void): () => void;
}

/** All sites that this wallet is linked with. While the wallet is open and the page
 * is seen, it waits for each of them. */
export class Sites {
  readonly #platform: SitesPlatform;
  readonly #all: LinkedSite[] = [];
  #abort: AbortController | undefined;
  /** Hears that something is to be shown anew. */
  onchange: ((site: LinkedSite | undefined) => void) | undefined;
  /** Hears that a site's link is over for good. */
  onover: ((site: LinkedSite, reason: LinkError) => void) | undefined;

  constructor(platform: SitesPlatform) {
    this.#platform = platform;
  }

  /** The newest first. */
  get all(): readonly LinkedSite[] {
    return this.#all;
  }

  /** Begins to wait for all of them. */
  async start(): Promise<void> {
    if (this.#abort) return;
    const abort = (this.#abort = new AbortController());
    const pairings = await this.#pairings();
    if (abort.signal.aborted) return;
    for (const gone of this.#all.filter(({ pairing, link }) => !link && !pairings.some((one) => one.pairing === pairing?.pairing))) this.#drop(gone);
    for (const pairing of pairings) {
      let site = this.#all.find((one) => one.pairing?.pairing === pairing.pairing);
      if (!site) this.#all.push((site = new LinkedSite(pairing)));
      site.pairing = pairing;
      if (!site.link) site.presence = "resting";
    }
    for (const site of this.#all.slice(0, mostWaiting)) this.wake(site);
    this.onchange?.(undefined);
  }

  /** Begins to wait for one, if it is not waited for yet. */
  wake(site: LinkedSite): void {
    if (site.presence === "resting" && this.#abort) void this.#meet(site, this.#abort.signal);
  }

  /** Leaves all of them, without a goodbye: they can be met again. */
  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    for (const site of this.#all) {
      site.link?.suspend();
      site.link = undefined;
      site.presence = "resting";
    }
  }

  /** Takes in a link that was just agreed to. What happened on it before is the
   * caller's to tell. */
  adopt(site: LinkedSite, link: WalletLink): void {
    this.#all.unshift(site);
    site.link = link;
    this.onchange?.(undefined);
    void this.#follow(site, link, this.#abort?.signal ?? AbortSignal.abort());
    void this.#kept(link).then((pairing) => {
      site.pairing ??= pairing;
      this.onchange?.(site);
    });
  }

  /** Tells a site what happened on its link. */
  hear(site: LinkedSite, event: WalletEvent): void {
    if (site.hear(event)) this.onchange?.(site);
  }

  /** Asks the person whether to go on with a site that is not near. */
  ask(site: LinkedSite): Promise<boolean> {
    return site.ask(() => this.onchange?.(site));
  }

  /** Ends a site's link for good. */
  async remove(site: LinkedSite): Promise<void> {
    const { link, pairing } = site;
    site.link = undefined;
    this.#drop(site);
    link?.close();
    // Also where a goodbye was said: nothing may be left if that went wrong.
    const kept = pairing ?? (await this.#kept(link));
    if (kept) await this.#platform.sdk.forgetPairing(kept);
  }

  /** Waits for a site until it comes, again and again. */
  async #meet(site: LinkedSite, signal: AbortSignal): Promise<void> {
    for (let tries = 0; !signal.aborted && this.#all.includes(site) && site.pairing; tries++) {
      const cancel = this.#waits(site);
      const link = await this.#platform.sdk
        .resumeWallet(site.pairing, { signal, candidates: this.#platform.candidates(), onEvent: (event) => this.hear(site, event), confirmRemote: () => this.ask(site) })
        .catch((reason: LinkError) => (signal.aborted ? undefined : this.#refused(site, reason)));
      cancel();
      if (signal.aborted) return link?.suspend();
      if (link) {
        site.link = link;
        return this.#follow(site, link, signal);
      }
      const again = againMs[Math.min(tries, againMs.length - 1)]!;
      await this.#pause(site.presence === "elsewhere" ? elsewhereMs : site.presence === "narrow" ? narrowMs : again, signal);
    }
  }

  /** It is waited for; one that was elsewhere, or that no path led to, is shown as that until
   * it is known that it is not any more. */
  #waits(site: LinkedSite): () => void {
    const show = () => {
      site.presence = "waiting";
      this.onchange?.(site);
    };
    if (site.presence === "elsewhere") return this.#platform.after(knownMs, show);
    if (site.presence !== "narrow") show();
    return () => {};
  }

  /** Stays with a link until its end, and then waits for the site. */
  async #follow(site: LinkedSite, link: WalletLink, signal: AbortSignal): Promise<void> {
    const { pairing: name } = link; // it may be forgotten by the end
    const reason = await link.closed;
    if (signal.aborted || site.link !== link) return; // we have left it ourselves
    site.link = undefined;
    site.goOn = undefined;
    site.path = undefined;
    const pairing = over.has(reason.code) ? undefined : await this.#kept({ pairing: name });
    if (!pairing) {
      this.#drop(site);
      return this.onover?.(site, reason);
    }
    site.pairing = pairing;
    return this.#meet(site, signal);
  }

  /** The pairing of a link, if there is one. */
  async #kept(link: Pick<WalletLink, "pairing"> | undefined): Promise<Pairing | undefined> {
    return (await this.#pairings()).find(({ pairing }) => pairing === link?.pairing);
  }

  #refused(site: LinkedSite, reason: LinkError): undefined {
    const narrow = reason.code === "ice_failed" && this.#platform.candidates() !== "host";
    const { presence } = site;
    if (reason.code === "replaced") site.presence = "elsewhere";
    else if (narrow) site.presence = "narrow";
    else if (presence === "narrow") site.presence = "waiting";
    if (site.presence !== presence) this.onchange?.(site);
    if (!over.has(reason.code)) return;
    this.#drop(site);
    this.onover?.(site, reason);
  }

  #drop(site: LinkedSite): void {
    const at = this.#all.indexOf(site);
    if (at >= 0) this.#all.splice(at, 1);
    this.onchange?.(undefined);
  }

  async #pairings(): Promise<Pairing[]> {
    return this.#platform.sdk.listPairings().catch(() => []); // a browser that keeps nothing
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#platform.after(ms, done);
      signal.addEventListener("abort", done);
    });
  }
}
