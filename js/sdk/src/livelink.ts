import type { Assurance } from "./assurance.ts";
import { asLinkError, LinkError } from "./errors.ts";
import type { LinkEvent } from "./events.ts";
import type { Confirmation } from "./gate.ts";
import type { LocalityReport } from "./locality.ts";
import type { Path } from "./path.ts";
import { browserPlatform, type Platform } from "./platform.ts";
import { connectSite, resumeSite, type SiteLink, type SiteOptions } from "./site.ts";

/** How far a link has come:
 *
 * - `idle`: nothing has begun.
 * - `starting`: the server is asked for a link.
 * - `waiting`: for a wallet: show `uri` as a QR code, or, where `resuming`, that the earlier wallet may come.
 * - `joined`: a wallet holds the other end, and its person is asked.
 * - `code`: the person must type the six digits that the wallet shows.
 * - `connecting`: the account is known, and the two look for a direct path.
 * - `open`: the two talk.
 * - `failed`: it ended by a failure, which is `error`.
 * - `closed`: one of the two said goodbye, or this page gave up. */
export type LiaisonPhase = "idle" | "starting" | "waiting" | "joined" | "code" | "connecting" | "open" | "failed" | "closed";

/** A site's link as data, which is replaced by another whenever it changes. */
export interface LiaisonState {
  /** How far it has come. */
  readonly phase: LiaisonPhase;
  /** The link itself, from "waiting" on and as long as it lives. */
  readonly link: SiteLink | undefined;
  /** What the QR code must show; empty when there is none to be shown. It holds a
   * secret: send it nowhere. */
  readonly uri: string;
  /** Whether the wallet of an earlier pairing is met again, without a code. */
  readonly resuming: boolean;
  /** The wallet's account (CAIP-10); empty until the wallet has answered. */
  readonly account: string;
  /** How far it can be trusted that the account is the other end's. */
  readonly assurance: Assurance | undefined;
  /** How near the wallet is, once that was measured. */
  readonly locality: LocalityReport | undefined;
  /** The direct path, once the channel is open. */
  readonly path: Path | undefined;
  /** How many tries are left to type the short code. */
  readonly left: number;
  /** Set for a wallet that does not seal. */
  readonly unsealed: UnsealedWallet | undefined;
  /** Why it is over; where a lost wallet is waited for, why that one was lost. */
  readonly error: LinkError | undefined;
}

/** A wallet of another protocol: that the account is its own is the word of the server. */
export interface UnsealedWallet {
  /** Which protocol it speaks. */
  readonly dialect: string;
  /** Whether the person must be told. */
  readonly warn: boolean;
}

/** How to hold a link, and what is heard of it besides its state. */
export interface LiaisonOptions extends Omit<SiteOptions, "signal"> {
  /** What begins by itself: "resume", the default, meets the wallet of an earlier
   * pairing if there is one; "connect" shows a code where there is none; "nothing"
   * waits for a call of connect. */
  readonly begin?: "resume" | "connect" | "nothing";
  /** Hears each text of the wallet. It must not throw. */
  readonly onMessage?: (text: string) => void;
}

/** How to connect. */
export interface ConnectOptions {
  /** Shows a new code even if an earlier wallet could be met again. */
  readonly fresh?: boolean;
}

/** The state before anything. */
export const idle: LiaisonState = {
  phase: "idle",
  link: undefined,
  uri: "",
  resuming: false,
  account: "",
  assurance: undefined,
  locality: undefined,
  path: undefined,
  left: 0,
  unsealed: undefined,
  error: undefined,
};

// A parting that nobody failed by.
const partings: ReadonlySet<string> = new Set(["canceled", "channel_closed"]);
// After these the wallet of an open channel may come back.
const losses: ReadonlySet<string> = new Set(["peer_lost", "ice_failed"]);

/** One link of a site after another, as data for whatever renders it. At most one is
 * live at a time. */
export class LiveLink {
  /** What the owner last asked for. Callbacks are taken from here when they are
   * called, the rest when a link begins. */
  options: LiaisonOptions = {};
  #state = idle;
  #attempt: Attempt | undefined;
  #platform: Platform | undefined;
  #owners = 0;
  readonly #listeners = new Set<() => void>();

  /** What it is now. */
  readonly state = (): LiaisonState => this.#state;

  /** Calls back whenever the state has changed, until the result is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins what the options say, and leaves when the result is called, so that the
   * pairing can be resumed. An owner that comes back at once, as a component does in
   * React's strict mode, finds the link as it was. */
  own(): () => void {
    this.#owners++;
    if (!this.#attempt) this.#begin();
    const hide = () => this.#leave();
    const show = ({ persisted }: PageTransitionEvent) => persisted && this.#begin();
    addEventListener("pagehide", hide);
    addEventListener("pageshow", show);
    return () => {
      this.#owners--;
      removeEventListener("pagehide", hide);
      removeEventListener("pageshow", show);
      queueMicrotask(() => this.#owners > 0 || this.#leave());
    };
  }

  /** Meets an earlier wallet again or else shows a code. Does nothing while a link is
   * live, unless a fresh code is asked for. */
  readonly connect = ({ fresh = false }: ConnectOptions = {}): void => {
    if (this.#attempt && !fresh) return;
    this.#start(fresh ? ["connect"] : ["resume", "connect"]);
  };

  /** Takes the six digits that the person typed. Resolves with undefined if none are
   * asked for, or no longer; the state says what has become of the link. */
  readonly confirm = async (code: string): Promise<Confirmation | undefined> => {
    const attempt = this.#attempt;
    const confirmation = await this.#state.link?.confirm(code).catch(() => undefined);
    if (confirmation && attempt === this.#attempt && this.#state.phase === "code") {
      this.#set({ left: confirmation.left, ...(confirmation.right && { phase: "connecting" }) });
    }
    return confirmation;
  };

  /** Sends a text to the wallet. Throws a LinkError: "channel_closed" unless the phase
   * is "open", "too_large" beyond 64 KiB. */
  readonly send = (text: string): void => {
    if (!this.#state.link) throw new LinkError("channel_closed");
    this.#state.link.send(text);
  };

  /** Says goodbye, so that neither side can resume, and gives up what has begun. */
  readonly close = (): void => {
    const { link } = this.#state;
    if (link) link.close();
    else this.#attempt?.abort();
  };

  #begin(): void {
    const { begin = "resume" } = this.options;
    if (begin !== "nothing") this.#start(begin === "connect" ? ["resume", "connect"] : ["resume"]);
  }

  /** Leaves without a goodbye and forgets what was. */
  #leave(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abort();
    this.#put(idle);
  }

  /** Tries ways one after another. With a loss it is the lost wallet that may come. */
  #start(ways: readonly Way[], loss?: LinkError): void {
    this.#attempt?.abort();
    const { begin: _, onMessage: __, onEvent: ___, ...options } = this.options;
    // What one link has given up, the next must be able to take: both know it by one
    // platform.
    const platform = options.platform ?? (this.#platform ??= browserPlatform());
    const attempt = new Attempt({ ...options, platform }, (event) => {
      if (attempt === this.#attempt) this.#hear(attempt, event);
      this.options.onEvent?.(event);
    });
    this.#attempt = attempt;
    this.#put({ ...idle, phase: "starting", resuming: loss !== undefined, error: loss });
    void attempt.run(ways).then(
      (link) => attempt === this.#attempt && this.#began(link, loss),
      (cause: unknown) => attempt === this.#attempt && this.#over(asLinkError(cause)),
    );
  }

  #began(link: SiteLink | undefined, loss: LinkError | undefined): void {
    if (link) return this.#set({ phase: "waiting", link, uri: link.uri, resuming: link.resumes !== undefined, account: link.resumes?.account ?? "" });
    // There was nothing to resume.
    this.#attempt = undefined;
    this.#put(loss ? { ...idle, phase: "failed", error: loss } : idle);
  }

  #hear(attempt: Attempt, event: LinkEvent): void {
    switch (event.type) {
      case "joined":
        return this.#set({ phase: "joined", uri: "", error: undefined });
      case "unsealed":
        return this.#set({ unsealed: { dialect: event.dialect, warn: event.warn } });
      case "linked":
        return this.#set({ phase: "connecting", uri: "", account: event.account, assurance: event.assurance });
      case "code":
        return this.#set({ phase: "code", left: event.left });
      case "locality":
        return this.#set({ locality: event.locality });
      case "open":
        return this.#set({ phase: "open", error: undefined });
      case "path":
        return this.#set({ path: event.path });
      case "message":
        return this.options.onMessage?.(event.data);
      case "closed":
        // One that never began is told by its rejection.
        return attempt.begun ? this.#ended(event.reason) : undefined;
    }
  }

  #ended(reason: LinkError): void {
    const { phase, resuming } = this.#state;
    const returns = phase === "open" ? losses.has(reason.code) : resuming && reason.code === "peer_lost";
    if (returns) this.#start(["resume"], reason);
    else this.#over(reason);
  }

  #over(error: LinkError): void {
    this.#attempt = undefined;
    this.#set({ phase: partings.has(error.code) ? "closed" : "failed", link: undefined, uri: "", path: undefined, error });
  }

  #set(change: Partial<LiaisonState>): void {
    this.#put({ ...this.#state, ...change });
  }

  #put(state: LiaisonState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

type Way = "resume" | "connect";

/** One attempt at a link. */
class Attempt {
  /** Whether there is a link whose end is an event. */
  begun = false;
  readonly #options: SiteOptions;
  readonly #abort = new AbortController();

  constructor(options: Omit<SiteOptions, "signal" | "onEvent">, onEvent: (event: LinkEvent) => void) {
    this.#options = { ...options, signal: this.#abort.signal, onEvent };
  }

  /** Resolves with undefined if there was nothing to resume, and no other way. */
  async run(ways: readonly Way[]): Promise<SiteLink | undefined> {
    const link = (ways.includes("resume") && (await this.#resume(ways.includes("connect")))) || (ways.includes("connect") ? await connectSite(this.#options) : undefined);
    this.begun = link !== undefined;
    return link;
  }

  abort(): void {
    this.#abort.abort(new LinkError("canceled"));
  }

  /** What cannot be resumed, and never will, must not stand in the way of a code. */
  #resume(elsewise: boolean): Promise<SiteLink | undefined> {
    return resumeSite(this.#options).catch((cause: unknown) => {
      if (!elsewise || this.#abort.signal.aborted || asLinkError(cause).retryable) throw cause;
      return undefined;
    });
  }
}
