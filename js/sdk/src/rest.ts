import type { Frame } from "./cursor.ts";
import { codeOf, LinkError } from "./errors.ts";
import { abortError } from "./latch.ts";
import { pathChallenge, pathLinks, pathResumptions, pathSession } from "./limits.gen.ts";
import type { NetworkVerdict } from "./locality.ts";
import type { Platform } from "./platform.ts";
import { parseChallenge, parseNetwork, parseResumed, type Challenge } from "./wire.ts";

// A server that does not answer for so long counts as unreachable.
const requestTimeoutMs = 10_000;
// What else is asked with the session waits for this answer, which may be "unknown".
const networkTimeoutMs = 3_000;

/** What the calls need of the surroundings. */
export type RestPlatform = Pick<Platform, "fetch" | "after">;

/** The token of a wallet's session, as it is now. */
export type Bearer = () => string;

/** The REST calls, of a site with the browser's cookie, or with a token of its own. Each rejects with a LinkError. */
export class Rest {
  readonly #platform: RestPlatform;
  readonly #server: string;
  readonly #signal: AbortSignal;
  readonly #bearer: Bearer | undefined;

  constructor(platform: RestPlatform, server: string, signal: AbortSignal, bearer?: Bearer) {
    this.#platform = platform;
    this.#server = server;
    this.#signal = signal;
    this.#bearer = bearer;
  }

  /** Opens a link. */
  async challenge(): Promise<Challenge> {
    return parseChallenge(await this.call("GET", pathChallenge));
  }

  /** Opens a resumption. */
  async resumption(requestId: string): Promise<{ iceServers: RTCIceServer[] }> {
    return parseResumed(await this.call("POST", pathResumptions, { requestId }));
  }

  /** Hands over frame 0, with the channel id of a link. */
  async offer(requestId: string, frame: Frame, channel: string | undefined): Promise<void> {
    await this.call("POST", `${linkPath(requestId)}/offer`, { ...frame, ...(channel !== undefined && { channel }) });
  }

  /** Asks how the addresses of the two ends compare. */
  async network(requestId: string): Promise<NetworkVerdict> {
    return parseNetwork(await this.call("GET", `${linkPath(requestId)}/network`, undefined, networkTimeoutMs));
  }

  /** Asks whether the session is a good one; rejects if not. */
  async session(): Promise<void> {
    await this.call("GET", pathSession);
  }

  /** Fetches the new id of the session after a wallet claimed the link. The key
   * is the same in each attempt: the answer to an earlier one may be lost. */
  async collect(requestId: string, key: string): Promise<void> {
    await this.call("POST", pathSession, { requestId, key });
  }

  /** Makes a call and resolves with the body of the answer. */
  async call(method: string, path: string, body?: unknown, timeoutMs = requestTimeoutMs): Promise<unknown> {
    const abort = new AbortController();
    const stop = () => abort.abort(this.#signal.reason);
    const cancel = this.#platform.after(timeoutMs, () => abort.abort(new LinkError("timed_out")));
    this.#signal.addEventListener("abort", stop, { once: true });
    try {
      this.#signal.throwIfAborted();
      const response = await this.#platform.fetch(this.#server + path, {
        ...request(method, body, this.#bearer?.()),
        signal: abort.signal,
      });
      return await readResponse(response);
    } catch (cause) {
      if (this.#signal.aborted) throw abortError(this.#signal);
      throw cause instanceof LinkError && cause.code !== "timed_out" ? cause : unreachable(cause);
    } finally {
      cancel();
      this.#signal.removeEventListener("abort", stop);
    }
  }
}

/** The origin of the server that the options name; by default the page's. */
export function serverOf({ server }: { readonly server?: string }): string {
  try {
    const { origin, protocol } = new URL(server ?? location.origin);
    if (/^https?:$/.test(protocol)) return origin;
  } catch {
    // Nothing of it is an address.
  }
  throw new LinkError("no_route", { detail: "the option server must be an origin like https://auth.example.com; a page that has none must say it" });
}

/** The path of what a link or resumption is asked for by. */
export function linkPath(requestId: string): string {
  return `${pathLinks}${encodeURIComponent(requestId)}`;
}

function request(method: string, body: unknown, token: string | undefined): RequestInit {
  return {
    method,
    credentials: token === undefined ? "include" : "omit",
    cache: "no-store",
    redirect: "error",
    headers: {
      Accept: "application/json",
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

function unreachable(cause: unknown): LinkError {
  const detail = cause instanceof LinkError ? "no answer in time" : cause instanceof Error ? cause.message : "";
  return new LinkError("signaling_unreachable", { detail, cause });
}

async function readResponse(response: Response): Promise<unknown> {
  const text = await response.text();
  let body: unknown;
  try {
    body = text ? JSON.parse(text) : undefined;
  } catch (cause) {
    if (response.ok) throw new LinkError("invalid_message", { detail: "the answer is not JSON", cause });
  }
  if (response.ok) return body;
  throw problemError(response.status, body);
}

/** The error for a problem document (RFC 9457), or for any other HTTP error: a
 * proxy in between does not know our codes. */
export function problemError(status: number, body: unknown): LinkError {
  const p = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === "string" && value ? value : undefined);
  const guess = status === 429 ? "rate_limited" : status === 502 || status === 503 || status === 504 ? "unavailable" : status >= 500 ? "internal" : "invalid_message";
  const detail = [p.code !== undefined && codeOf(p.code) !== p.code ? String(p.code) : "", text(p.detail) ?? `HTTP ${status}`].filter(Boolean).join(": ");
  const instance = text(p.instance);
  const remedy = text(p.remedy);
  return new LinkError(codeOf(p.code, guess), { detail, ...(remedy && { remedy }), ...(instance && { instance }) });
}
