import { asLinkError, LinkError } from "../errors.ts";
import type { LinkEvent } from "../events.ts";
import { connectSite, resumeSite, type SiteLink, type SiteOptions } from "../site.ts";
import { draw } from "./draw.ts";
import { lost, passes } from "./phase.ts";
import type { View } from "./view.ts";

/** To meet an earlier wallet again, before a code is made. */
export interface Again {
  /** How many attempts in a row have failed. */
  readonly count: number;
  /** Why the channel was lost; without it the page was just opened. */
  readonly lost?: LinkError;
}

/** How an attempt is over. */
export type End =
  /** The wallet may come back: try again so. */
  | { readonly again: Again; readonly serverHere: boolean }
  /** Nobody scanned the code in time. */
  | { readonly expired: LinkError }
  /** For any other reason. */
  | { readonly reason: LinkError };

/** What the element shows, and what its buttons are for: a link of this page's own, or
 * one that all tabs of the site share. */
export interface Driver {
  /** The link; undefined if there is none, or another tab holds it. */
  readonly link: SiteLink | undefined;
  /** Whether the channel is open. */
  readonly open: boolean;
  /** Passes on the short code that the person typed. */
  confirm(code: string): Promise<void>;
  /** Says goodbye and shows that. */
  disconnect(): void;
  /** Says goodbye and forgets the pairing; a code is to take its place. */
  forget(): void;
  /** Leaves so that the wallet can be met again, and shows nothing more. */
  abandon(): void;
}

/** What a {@link Driver} needs of its owner. */
export interface AttemptCalls {
  readonly view: View;
  /** Everything that happens on the link. */
  told(event: LinkEvent): void;
  ended(end: End): void;
}

/** One attempt at linking, or at meeting an earlier wallet again; the next one
 * takes its place. */
export class Attempt implements Driver {
  readonly #options: SiteOptions;
  readonly #calls: AttemptCalls;
  readonly #again: Again | undefined;
  readonly #renewed: boolean;
  readonly #abort = new AbortController();
  #link: SiteLink | undefined;
  #joined = false;
  #linked = false;
  #open = false;
  #over = false;
  #forgets = false;
  #meets = false; // an earlier wallet is to come, or has

  constructor(options: SiteOptions, again: Again | undefined, renewed: boolean, calls: AttemptCalls) {
    this.#options = options;
    this.#again = again;
    this.#renewed = renewed;
    this.#calls = calls;
    void this.#start();
  }

  get link(): SiteLink | undefined {
    return this.#link;
  }

  get open(): boolean {
    return this.#open && !this.#over;
  }

  async confirm(code: string): Promise<void> {
    const result = await this.#link?.confirm(code).catch(() => undefined); // "closed" tells it
    if (!result || this.#over) return;
    if (result.right) this.#calls.view.confirmed();
    else if (result.left > 0) this.#calls.view.askCode(result.left, true);
  }

  disconnect(): void {
    if (this.#link) this.#link.close();
    else this.#abort.abort(new LinkError("canceled"));
  }

  forget(): void {
    this.#over = this.#forgets = true;
    this.#link?.close();
  }

  abandon(): void {
    this.#over = true;
    if (!this.#forgets) this.#abort.abort(new LinkError("canceled"));
  }

  async #start(): Promise<void> {
    const { signal, onEvent, ...rest } = this.#options;
    const stop = () => this.#abort.abort(signal!.reason);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true, signal: this.#abort.signal });
    const options: SiteOptions = {
      ...rest,
      signal: this.#abort.signal,
      onEvent: (event) => {
        onEvent?.(event);
        this.#hear(event);
      },
    };
    try {
      if (this.#again && (await this.#meet(options))) return;
      // What draws the code comes while the server is asked for one. Without it
      // there is still the link as text.
      const [link, qr] = await Promise.all([connectSite(options), import("./qr.ts").catch(() => undefined)]);
      if (this.#over) return;
      this.#link = link;
      this.#calls.view.waiting(link, qr?.drawQR(link.uri), this.#renewed);
      link.displayed();
    } catch (cause) {
      // Usually the event "closed" has told it; not if there was no link at all.
      if (!this.#over) this.#closed(asLinkError(cause));
    }
  }

  /** Waits for an earlier wallet, if there is one. */
  async #meet(options: SiteOptions): Promise<boolean> {
    this.#meets = true;
    this.#link = await resumeSite(options);
    if (this.#forgets) this.#link?.close();
    if (this.#over) return true;
    if (this.#link?.resumes) this.#calls.view.resuming(this.#link.resumes.account, this.#link.site);
    else if (this.#again?.lost) this.#closed(this.#again.lost);
    else this.#meets = false;
    return this.#meets;
  }

  #hear(event: LinkEvent): void {
    if (this.#over) return;
    this.#calls.told(event);
    if (this.#over) return; // whoever was told has ended it
    if (event.type === "closed") return this.#closed(event.reason);
    if (event.type === "joined") this.#joined = true;
    if (event.type === "linked") this.#linked = true;
    if (event.type === "open") this.#open = true;
    draw(this.#calls.view, event, { meets: this.#meets, linking: this.#linked && !this.#open, site: this.#link?.site });
  }

  #closed(reason: LinkError): void {
    const { ended } = this.#calls;
    this.#over = true;
    this.#abort.abort(reason); // and hears no signal any more
    if (this.#open && lost.has(reason.code)) return ended({ again: { count: 0, lost: reason }, serverHere: true });
    if (!this.#open && this.#meets && passes(reason) && reason !== this.#again?.lost) {
      return ended({ again: { ...this.#again, count: this.#again!.count + 1 }, serverHere: reason.code !== "signaling_unreachable" });
    }
    ended(reason.code === "link_expired" && !this.#joined ? { expired: reason } : { reason });
  }
}
