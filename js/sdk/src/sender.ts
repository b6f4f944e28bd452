import { asLinkError, type LinkError } from "./errors.ts";
import type { SiteLink } from "./site.ts";
import type { WalletLink } from "./wallet.ts";

/** What is needed of a link to ask and to answer over it: any link of a site or of a
 * wallet will do. */
export type Channel = Pick<SiteLink | WalletLink, "opened" | "send" | "closed" | "pairing">;

/** Whether the link after a link leads to the same wallet, or the same site. */
export function isSamePeer(before: Channel, next: Channel): boolean {
  return next.pairing !== undefined && next.pairing === before.pairing;
}

const againMs = 250;

/** Texts that are to be sent, each until a channel has taken it. */
export class Sender {
  readonly #due = new Map<string, string>();
  readonly #failed: (id: string, error: LinkError) => void;
  readonly #most: number;
  readonly #mostChars: number;
  #link: Channel | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** failed hears of a text that no channel would take. Of more than most, or with more
   * characters in all, the oldest are not sent. */
  constructor(failed: (id: string, error: LinkError) => void, most = Infinity, mostChars = Infinity) {
    this.#failed = failed;
    this.#most = most;
    this.#mostChars = mostChars;
  }

  /** Takes a link for those that are due and those to come. */
  use(link: Channel): void {
    this.#link = link;
    link.opened().then(() => this.#flush(), () => undefined); // the next one may open
  }

  /** Sends a text as soon as it can be, after all that are due; one with the same id gives
   * way. */
  put(id: string, text: string): void {
    this.#due.delete(id);
    this.#due.set(id, text);
    let chars = [...this.#due.values()].reduce((sum, { length }) => sum + length, 0);
    for (const [oldest, { length }] of this.#due) {
      if (this.#due.size <= this.#most && chars <= this.#mostChars) break;
      this.#due.delete(oldest);
      chars -= length;
    }
    this.#flush();
  }

  /** What is due no more. */
  drop(id: string): void {
    this.#due.delete(id);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    for (const [id, text] of this.#due) {
      try {
        if (!this.#link) return;
        this.#link.send(text);
      } catch (cause) {
        const error = asLinkError(cause);
        if (error.code === "channel_closed") return; // it waits for one that is open
        if (error.code === "overloaded") return void (this.#timer = setTimeout(() => this.#flush(), againMs));
        this.#due.delete(id);
        this.#failed(id, error);
        continue;
      }
      this.#due.delete(id);
    }
  }
}
