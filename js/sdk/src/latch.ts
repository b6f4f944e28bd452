import { asLinkError, LinkError } from "./errors.ts";

/** A value that will be there once, or a reason why it never will. */
export class Latch<T> {
  readonly #promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (reason: LinkError) => void;

  constructor() {
    this.#promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever never asks is not to be told of an unhandled rejection.
    this.#promise.catch(() => undefined);
  }

  /** Sets the value; only the first call of set and fail counts. */
  set(value: T): void {
    this.#resolve(value);
  }

  /** Says that there will be none. */
  fail(reason: LinkError): void {
    this.#reject(reason);
  }

  /** Waits for the value, until the signal is aborted. */
  wait(signal?: AbortSignal): Promise<T> {
    return within(this.#promise, signal);
  }
}

/** Waits for a promise, until the signal is aborted. */
export async function within<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The error for an aborted signal: "timed_out" for one of AbortSignal.timeout,
 * else "canceled". */
export function abortError(signal: AbortSignal): LinkError {
  const reason: unknown = signal.reason;
  const timeout = reason instanceof DOMException && reason.name === "TimeoutError";
  return asLinkError(reason instanceof LinkError ? reason : new LinkError(timeout ? "timed_out" : "canceled", { cause: reason }));
}
