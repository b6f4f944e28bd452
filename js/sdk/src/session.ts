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
  #due = false; // it is to be fetched and was not yet
  #missing = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(rest: Rest, requestId: string, pause: (attempt: number) => Promise<void>, collected: () => void) {
    this.#rest = rest;
    this.#requestId = requestId;
    this.#pause = pause;
    this.#collected = collected;
  }

  /** Fetches the new id, once, however often it is asked to. Rejects if the
   * server has none. */
  collect(): Promise<void> {
    this.#collecting ??= this.#collectUntilDone();
    return this.#collecting;
  }

  /** Finds out why the server refused a socket, which a browser does not say.
   * Rejects if there is no use in trying again. */
  async refused(): Promise<void> {
    try {
      if (this.#due) await this.#once();
      else await this.#inTurn(() => this.#rest.session());
    } catch (cause) {
      const error = asLinkError(cause);
      if (error.code === "session_required" && ++this.#missing < lostSessionProbes) return;
      if (!error.retryable) throw error;
    }
  }

  /** Makes a call with the browser's session once the one before has ended: a call
   * with the old id that meets a new one on its way is refused. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const made = this.#turn.then(call);
    this.#turn = made.catch(() => undefined);
    return made;
  }

  /** Makes a call with the session as it is now. A new id whose answer was lost may be
   * in force already: it is fetched first. */
  async withSession<T>(call: () => Promise<T>): Promise<T> {
    if (this.#due) await this.#once().catch(() => undefined);
    return this.#inTurn(call);
  }

  /** Notes that the session was accepted. */
  good(): void {
    this.#missing = 0;
  }

  async #collectUntilDone(): Promise<void> {
    this.#due = true;
    for (let attempt = 0; this.#due; attempt++) {
      try {
        return await this.#once();
      } catch (cause) {
        const error = asLinkError(cause);
        if (!error.retryable) throw error;
      }
      await this.#pause(attempt);
    }
  }

  #once(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#due) return; // somebody else was told of it
      await this.#rest.collect(this.#requestId, this.#key);
      this.#due = false;
      this.#collected();
    });
  }
}

/** 128 random bits as hexadecimal digits. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
