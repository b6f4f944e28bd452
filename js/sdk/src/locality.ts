import type { Bytes } from "./bytes.ts";
import { nonceBytes } from "./control.ts";
import { Latch } from "./latch.ts";
import type { Locality } from "./localitylevel.ts";
import type { PathKind } from "./path.ts";
import type { Platform } from "./platform.ts";

/** Whether two addresses belong together, as the server sees them. */
export type NetworkVerdict = "same-address" | "same-network" | "different" | "unknown";

/** What was measured; undefined is unknown. */
export interface LocalitySignals {
  /** The pair in use. */
  readonly pair: PathKind | undefined;
  /** The least of the pings, in milliseconds. What ICE measures does not count:
   * to answer its checks takes the keys of ICE, and not those of the handshake. */
  readonly pingMs: number | undefined;
  readonly network: NetworkVerdict;
}

/** What a side has found out about where the other one is, and what it makes of
 * it; undefined is unknown. */
export interface LocalityReport {
  /** How near it had to be. */
  readonly level: Locality;
  /** Whether that is near enough for the level. */
  readonly local: boolean;
  /** What lies between the two. */
  readonly path: PathKind | undefined;
  /** The least round trip that was measured, in milliseconds. */
  readonly rttMs: number | undefined;
  /** What the server says of the two addresses; it could lie. */
  readonly network: NetworkVerdict;
}

/** What the signals amount to. */
export interface LocalityVerdict {
  /** Which of the signals counts as local. */
  readonly pair: boolean;
  readonly roundTrip: boolean;
  readonly network: boolean;
  /** Whether the two devices count as near under this level. */
  readonly local: boolean;
  /** Whether the short code must be asked for. */
  readonly needsCode: boolean;
  /** Whether the link must end with "not_local". */
  readonly refused: boolean;
}

const maxPairMs = 50;
const maxPingMs = 30;

/** Judges signals by a level. */
export function judgeLocality(level: Locality, signals: LocalitySignals): LocalityVerdict {
  if (level === "off") return { pair: false, roundTrip: false, network: false, local: false, needsCode: false, refused: false };
  const { pingMs = Infinity } = signals;
  const direct = signals.pair === "host" || signals.pair === "srflx";
  const pair = signals.pair === "host" && pingMs <= maxPairMs;
  const roundTrip = direct && pingMs <= maxPingMs;
  const network = signals.network === "same-address" || signals.network === "same-network";
  // The server's word is not enough where nearness is required.
  const local = pair || roundTrip || (network && level !== "require");
  return { pair, roundTrip, network, local, needsCode: level === "prefer" && !local, refused: level === "require" && !local };
}

/** How a {@link Prober} reaches the other side. */
export interface ProberCalls {
  /** Sends a ping. */
  ping(nonce: Bytes): void;
  /** Whether the MAC of a pong is the other side's. */
  check(nonce: Bytes, mac: Bytes): Promise<boolean>;
}

const pings = 20;
const fewestGood = 10;
const pongTimeoutMs = 1_000;

/** Measures the round trip: twenty pings, one after the other, of which the
 * least counts, since everything but distance only makes one longer. */
export class Prober {
  readonly #platform: Platform;
  readonly #calls: ProberCalls;
  #over = false;
  #waiting: { nonce: Bytes; sentAt: number; answered: Latch<number | undefined> } | undefined;

  constructor(platform: Platform, calls: ProberCalls) {
    this.#platform = platform;
    this.#calls = calls;
  }

  /** Resolves with the least round trip in milliseconds; undefined if fewer
   * than ten pings were answered well. Call it once at a time. */
  async measure(): Promise<number | undefined> {
    const good: number[] = [];
    for (let sent = 0; !this.#over && sent < pings && good.length + pings - sent >= fewestGood; sent++) {
      const ms = await this.#once();
      if (ms !== undefined) good.push(ms);
    }
    return good.length >= fewestGood ? Math.min(...good) : undefined;
  }

  /** Stops measuring. */
  end(): void {
    this.#over = true;
    this.#waiting?.answered.set(undefined);
  }

  /** Takes a pong. One that nobody waits for, that comes twice or whose MAC does
   * not hold counts for nothing. */
  async pong(nonce: Bytes, mac: Bytes): Promise<void> {
    const arrivedAt = this.#platform.now();
    const waiting = this.#waiting;
    if (!waiting || !same(waiting.nonce, nonce)) return;
    this.#waiting = undefined;
    const good = await this.#calls.check(nonce, mac);
    waiting.answered.set(good ? arrivedAt - waiting.sentAt : undefined);
  }

  async #once(): Promise<number | undefined> {
    const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
    const answered = new Latch<number | undefined>();
    const cancel = this.#platform.after(pongTimeoutMs, () => answered.set(undefined));
    try {
      this.#waiting = { nonce, sentAt: this.#platform.now(), answered };
      this.#calls.ping(nonce);
      return await answered.wait();
    } finally {
      cancel();
      this.#waiting = undefined;
    }
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
