import type { Platform } from "../src/platform.ts";
import { Resumptions } from "../src/resumptions.ts";

/** What a server answers: a status and a body. Undefined is no answer at all. */
export type Answer = readonly [status: number, body?: unknown] | undefined;

/** Surroundings under the test's control: a clock that moves only when told, and
 * sockets whose other end is the test. */
export class World {
  time = 0;
  readonly sockets: Wire[] = [];
  readonly platform: Platform;
  /** What is kept in this browser, by all of its pages. */
  readonly resumptions = new Lasting(() => this.time);
  /** Answers requests. */
  answer: (method: string, path: string, body: unknown) => Answer | Promise<Answer> = () => undefined;
  /** Makes peer connections. */
  peer: (config: RTCConfiguration) => RTCPeerConnection = () => {
    throw new Error("no peers in this world");
  };
  #timers: { at: number; callback: () => void }[] = [];
  #online: (() => void)[] = [];

  constructor() {
    this.platform = {
      fetch: async (url, { method = "GET", body, signal }) => {
        const given = this.answer(method, url.replace(/^https?:\/\/[^/]+/, ""), body && JSON.parse(String(body)));
        const answer = await Promise.race([given, new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))]);
        if (!answer) throw new Error("no network in this world");
        return new Response(answer[1] === undefined ? null : JSON.stringify(answer[1]), { status: answer[0] });
      },
      socket: (_url, [subprotocol]) => {
        const wire = new Wire(subprotocol!);
        this.sockets.push(wire);
        return wire as unknown as WebSocket;
      },
      peer: (config) => this.peer(config),
      certificate: async () => ({ getFingerprints: () => [{ algorithm: "sha-256", value: siteFingerprint.match(/../g)!.join(":") }] }) as unknown as RTCCertificate,
      resumptions: this.resumptions,
      now: () => this.time,
      date: () => this.time,
      random: () => 0,
      after: (ms, callback) => {
        const timer = { at: this.time + ms, callback };
        this.#timers.push(timer);
        return () => void (this.#timers = this.#timers.filter((t) => t !== timer));
      },
      online: (callback) => {
        this.#online.push(callback);
        return () => void (this.#online = this.#online.filter((c) => c !== callback));
      },
    };
  }

  /** The newest socket. */
  get socket(): Wire {
    return this.sockets.at(-1)!;
  }

  /** How many timers and listeners are left. */
  get pending(): number {
    return this.#timers.length + this.#online.length;
  }

  /** Lets time pass, and everything happen that is due. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.time = Math.max(this.time, due.at);
      due.callback();
    }
    this.time = end;
  }

  /** The network returns. */
  online(): void {
    for (const callback of [...this.#online]) callback();
  }
}

/** The fingerprint of every certificate that a site makes here. */
export const siteFingerprint = "5173".repeat(16);

/** Keeps in memory what a browser keeps for good. */
class Lasting extends Resumptions {
  override lasting(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

/** Both ends of one WebSocket. */
export class Wire {
  readonly subprotocol: string;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  #sent: Record<string, unknown>[] = [];

  constructor(subprotocol: string) {
    this.subprotocol = subprotocol;
  }

  // --- the client's end ---

  send(data: string): void {
    this.#sent.push(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
  }

  // --- the server's end ---

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(message: unknown): void {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }

  drop(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** What the client said since the last call. */
  heard(): Record<string, unknown>[] {
    return this.#sent.splice(0);
  }
}
