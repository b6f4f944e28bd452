import { asLinkError } from "./errors.ts";
import type { Rest } from "./rest.ts";

// So many refusals in a row mean that the session is gone. One alone does not:
// another tab may just be fetching a new id for this browser.
const lostSessionProbes = 3;

/** Keeps the browser's session up to date: after a wallet claimed the link, its
 * id must be exchanged for the one with the new rights. An HTTP-only cookie
 * cannot come through a WebSocket. */
export class SessionKeeper {
  readonly #rest: Rest;
  readonly #requestId: string;
  readonly #key = newKey();
  readonly #pause: (attempt: number) => Promise<void>;
  readonly #collected: () => void;
  #collecting: Promise<void> | undefined;
  #missing = 0;

  constructor(rest: Rest, requestId: string, pause: (attempt: number) => Promise<void>, collected: () => void) {
    this.#rest = rest;
    this.#requestId = requestId;
    this.#pause = pause;
    this.#collected = collected;
  }

  /** Fetches the new id, once, however often it is asked to. */
  collect(): Promise<void> {
    this.#collecting ??= this.#collectUntilDone().catch((cause) => {
      this.#collecting = undefined;
      throw cause;
    });
    return this.#collecting;
  }

  /** Finds out why the server refused a socket, which a browser does not say.
   * Rejects if there is no use in trying again. */
  async refused(): Promise<void> {
    try {
      await this.#rest.collect(this.#requestId, this.#key);
      this.#collecting = Promise.resolve();
      this.#collected();
    } catch (cause) {
      const error = asLinkError(cause);
      if (error.code === "session_required" && ++this.#missing < lostSessionProbes) return;
      if (!error.retryable) throw error;
    }
  }

  /** Notes that the session was accepted. */
  good(): void {
    this.#missing = 0;
  }

  async #collectUntilDone(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#rest.collect(this.#requestId, this.#key);
        break;
      } catch (cause) {
        const error = asLinkError(cause);
        if (!error.retryable) throw error;
      }
      await this.#pause(attempt);
    }
    this.#collected();
  }
}

/** 128 random bits as hexadecimal digits. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
