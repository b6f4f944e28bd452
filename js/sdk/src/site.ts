import { backoffMs } from "./backoff.ts";
import { plainEnvelope, type Envelope, type PeerMessage } from "./envelope.ts";
import { asLinkError, LinkError } from "./errors.ts";
import type { LinkEvent, LinkNews } from "./events.ts";
import { abortError, Latch } from "./latch.ts";
import { pathSocket } from "./limits.gen.ts";
import type { Path } from "./path.ts";
import { Peer } from "./peer.ts";
import { browserPlatform, type Platform } from "./platform.ts";
import { SessionKeeper } from "./session.ts";
import { Sequence } from "./sequence.ts";
import { Rest } from "./rest.ts";
import { Signaling } from "./signaling.ts";
import type { Challenge, Site } from "./wire.ts";

/** How to open a link. Everything has a default. */
export interface SiteOptions {
  /** Origin of the server, "https://auth.example.com"; by default the page's. */
  readonly server?: string;
  /** Ends the link when aborted, with "canceled" or "timed_out". */
  readonly signal?: AbortSignal;
  /** Hears everything that happens, in order. It must not throw. */
  readonly onEvent?: (event: LinkEvent) => void;
  /** How long a wallet that has answered may take to open the channel, in
   * milliseconds; by default 90 s, which outlasts a connection lost for 60 s. */
  readonly openTimeoutMs?: number;
  /** How peer messages travel; by default in plain. */
  readonly envelope?: Envelope;
  /** What surrounds the SDK; by default the browser. */
  readonly platform?: Platform;
}

/** How long to wait for something. */
export interface WaitOptions {
  /** Ends the waiting, not the link. */
  readonly signal?: AbortSignal;
}

/** The site's end of one link. */
export interface SiteLink {
  readonly requestId: string;
  /** What the QR code must show. */
  readonly uri: string;
  /** How the server presents the site to the wallet. */
  readonly site: Site;
  /** How long the link waits for a wallet, in milliseconds since the event of
   * arrow 2. */
  readonly lifeMs: number;
  /** To be called once the code is on display; it completes the record. */
  displayed(): void;
  /** Waits for a wallet and resolves with its account (CAIP-10). */
  account(options?: WaitOptions): Promise<string>;
  /** Waits for the direct channel. */
  opened(options?: WaitOptions): Promise<void>;
  /** Sends a text to the wallet. Throws "channel_closed" before the channel is
   * open and after its end, "too_large" beyond 64 KiB. */
  send(text: string): void;
  /** Resolves with the reason when the link is over; never rejects. */
  readonly closed: Promise<LinkError>;
  /** Ends the link for both sides, with "canceled" here. */
  close(): void;
}

/** Opens a link and resolves as soon as its code can be shown. Rejects with a
 * LinkError. */
export async function connectSite(options: SiteOptions = {}): Promise<SiteLink> {
  const connection = new SiteConnection(options);
  try {
    await connection.start();
  } catch (cause) {
    const error = asLinkError(cause);
    connection.end(error);
    throw error;
  }
  return connection;
}

const expiryGraceMs = 1_000; // the server's own word on expiry comes first
const pathEveryMs = 2_000;
const restartEveryMs = 10_000;
const brokenTimeoutMs = 60_000;

class SiteConnection implements SiteLink {
  readonly closed: Promise<LinkError>;
  readonly #platform: Platform;
  readonly #envelope: Envelope;
  readonly #options: SiteOptions;
  readonly #abort = new AbortController();
  readonly #rest: Rest;
  readonly #sequence: Sequence;
  readonly #startedAt: number;
  readonly #claimed = new Latch<string>();
  readonly #opened = new Latch<void>();
  readonly #over = new Latch<LinkError>();
  readonly #timers = new Map<string, () => void>();
  #challenge!: Challenge;
  #peer: Peer | undefined;
  #signaling: Signaling | undefined;
  #account = "";
  #channelOpen = false;
  #held: PeerMessage[] = []; // candidates that must not leave before the claim
  #outgoing: Promise<unknown> = Promise.resolve();
  #incoming: Promise<unknown> = Promise.resolve();
  #session!: SessionKeeper;
  #broken = false;
  #lastPath = "";
  #ended = false;

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#platform = options.platform ?? browserPlatform();
    this.#envelope = options.envelope ?? plainEnvelope;
    this.#rest = new Rest(this.#platform, options.server ?? "", this.#abort.signal);
    this.#startedAt = this.#platform.now();
    this.#sequence = new Sequence((arrow) => this.#emit({ type: "arrow", arrow }));
    this.closed = this.#over.wait();
  }

  get requestId(): string {
    return this.#challenge.requestId;
  }
  get uri(): string {
    return this.#challenge.link;
  }
  get site(): Site {
    return this.#challenge.site;
  }
  get lifeMs(): number {
    return this.#challenge.lifeMs;
  }

  /** Fetches the challenge and sets everything in motion. */
  async start(): Promise<void> {
    this.#obey(this.#options.signal);
    this.#sequence.saw(1);
    this.#challenge = await this.#rest.challenge();
    if (this.#ended) throw await this.closed;
    this.#sequence.saw(2);
    this.#after("expiry", this.lifeMs + expiryGraceMs, () => this.end(new LinkError("link_expired")));
    this.#session = new SessionKeeper(this.#rest, this.requestId, (attempt) => this.#pause(attempt), () => this.#sequence.saw(8));
    this.#signaling = this.#signal();
    this.#peer = this.#connect();
    this.#run(this.#offer(false));
  }

  displayed(): void {
    this.#sequence.saw(3);
  }

  account({ signal }: WaitOptions = {}): Promise<string> {
    return this.#claimed.wait(signal);
  }

  opened({ signal }: WaitOptions = {}): Promise<void> {
    return this.#opened.wait(signal);
  }

  send(text: string): void {
    if (!this.#peer || this.#ended) throw new LinkError("channel_closed");
    this.#peer.send(text);
  }

  close(): void {
    this.end(new LinkError("canceled"));
  }

  /** Ends everything with a reason; only the first call counts. */
  end(reason: LinkError): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#abort.abort(reason);
    this.#signaling?.close(true);
    this.#peer?.close();
    this.#claimed.fail(reason);
    this.#opened.fail(reason);
    this.#over.set(reason);
    this.#options.onEvent?.({ type: "closed", reason, at: this.#platform.now() - this.#startedAt });
  }

  #obey(signal: AbortSignal | undefined): void {
    if (!signal) return;
    if (signal.aborted) throw abortError(signal);
    const stop = () => this.end(abortError(signal));
    signal.addEventListener("abort", stop, { once: true });
    this.#timers.set("signal", () => signal.removeEventListener("abort", stop));
  }

  #signal(): Signaling {
    const server = new URL(this.#options.server ?? "/", document.baseURI);
    server.protocol = server.protocol === "http:" ? "ws:" : "wss:";
    return new Signaling(this.#platform, new URL(pathSocket, server).href, this.requestId, {
      subscribed: (topic) => this.#subscribed(topic),
      lost: () => this.#emit({ type: "signaling", attached: false }),
      claimed: (account, address) => this.#wallet(account, address),
      frame: (payload) => this.#receive(payload),
      delivered: () => this.#sequence.saw(13),
      peer: (here) => this.#peerState(here),
      notice: (notice) => this.#emit({ type: "notice", notice }),
      rotated: () => this.#session.collect(),
      refused: () => this.#session.refused(),
      ended: (reason) => this.#signalingEnded(reason),
    });
  }

  #connect(): Peer {
    return new Peer(this.#platform, this.#challenge.iceServers, {
      candidate: (message) => this.#candidate(message),
      opened: () => this.#channelOpened(),
      message: (data) => this.#emit({ type: "message", data }),
      broken: (broken) => this.#pathBroken(broken),
      closed: () => this.end(new LinkError("channel_closed")),
    });
  }

  // --- what goes out ---

  /** Makes an offer, gives it its place in the queue, and only then looks for
   * candidates, so that these come after it. */
  async #offer(restart: boolean): Promise<void> {
    const peer = this.#peer!;
    const message = await peer.offer(restart);
    this.#outgoing = this.#outgoing.then(async () => {
      const payload = await this.#envelope.seal(message);
      // Whatever follows may be sealed while this one is under way; the queue
      // of signaling keeps the order.
      this.#run(this.#post(payload));
    });
    this.#run(this.#outgoing);
    await peer.commit();
  }

  async #post(payload: string): Promise<void> {
    const posted = await this.#signaling!.sendBy(payload, async (frame) => {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.#rest.offer(this.requestId, frame);
        } catch (cause) {
          // Once a wallet is there, the socket does as well.
          if (!asLinkError(cause).retryable || this.#account) throw cause;
        }
        await this.#pause(attempt);
      }
    });
    if (posted) this.#sequence.saw(13);
  }

  #candidate(message: PeerMessage): void {
    if (!this.#account) {
      this.#held.push(message);
      return;
    }
    this.#outgoing = this.#outgoing.then(async () => {
      this.#signaling!.send(await this.#envelope.seal(message));
      this.#sequence.saw(15);
    });
    this.#run(this.#outgoing);
  }

  // --- what comes in ---

  #subscribed(topic: string): void {
    this.#session.good();
    if (topic === "link") {
      this.#sequence.saw(4);
      if (!this.#account) this.#emit({ type: "signaling", attached: true });
      return;
    }
    this.#sequence.saw(12);
    this.#emit({ type: "signaling", attached: true });
    if (this.#broken) this.#restart();
  }

  #wallet(account: string, address: string): void {
    if (this.#account) return;
    this.#account = account;
    this.#cancel("expiry");
    this.#sequence.saw(5, 6, 7, 10);
    this.#emit({ type: "linked", account, address });
    this.#claimed.set(account);
    this.#signaling!.follow(`answer-${address}`);
    this.#run(this.#session.collect());
    for (const message of this.#held.splice(0)) this.#candidate(message);
    this.#after("open", this.#options.openTimeoutMs ?? 90_000, () => {
      this.end(new LinkError(this.#signaling?.attached ? "ice_failed" : "signaling_unreachable"));
    });
  }

  #receive(payload: string): void {
    this.#incoming = this.#incoming.then(async () => {
      if (this.#ended) return;
      const message = await this.#envelope.open(payload);
      this.#sequence.saw(9, 13, message.t === "ice" ? 16 : 14);
      await this.#peer!.take(message);
    });
    this.#run(this.#incoming);
  }

  #peerState(here: boolean): void {
    if (here) this.#sequence.saw(9);
    this.#emit({ type: "peer", here });
  }

  /** Signaling is over. An open channel needs none, so it ends only if one of
   * the two sides wanted that. */
  #signalingEnded(reason: LinkError): void {
    const wanted = reason.code === "link_closed" || reason.code === "user_rejected";
    if (this.#channelOpen && !wanted) this.#emit({ type: "signaling", attached: false });
    else this.end(reason);
  }

  // --- the direct path ---

  #channelOpened(): void {
    this.#channelOpen = true;
    this.#cancel("open");
    this.#sequence.saw(17);
    this.#opened.set();
    this.#emit({ type: "open" });
    this.#watchPath(100);
  }

  #watchPath(waitMs: number): void {
    this.#run(this.#readPath());
    this.#after("path", waitMs, () => this.#watchPath(pathEveryMs));
  }

  async #readPath(): Promise<void> {
    const path: Path | undefined = await this.#peer!.path();
    if (!path || this.#ended) return;
    const text = `${path.kind} ${path.rttMs}`;
    if (text === this.#lastPath) return;
    this.#lastPath = text;
    this.#emit({ type: "path", path });
  }

  #pathBroken(broken: boolean): void {
    if (broken === this.#broken) return;
    this.#broken = broken;
    if (this.#channelOpen) this.#emit({ type: "broken", broken });
    if (!broken) {
      this.#cancel("broken");
      this.#cancel("restart");
      return;
    }
    if (this.#channelOpen) this.#after("broken", brokenTimeoutMs, () => this.end(new LinkError("ice_failed")));
    this.#restart();
  }

  /** Looks for a new path, again and again while it is broken. */
  #restart(): void {
    this.#after("restart", restartEveryMs, () => this.#restart());
    if (this.#signaling!.attached) this.#run(this.#offer(true));
    else this.#signaling!.hurry();
  }

  // --- small things ---

  #emit(news: LinkNews): void {
    if (!this.#ended) this.#options.onEvent?.({ ...news, at: this.#platform.now() - this.#startedAt });
  }

  /** Lets work go on by itself; its failure ends the link. */
  #run(work: Promise<unknown>): void {
    work.catch((cause) => this.end(asLinkError(cause)));
  }

  /** Waits before another attempt; the end of the link ends it. */
  async #pause(attempt: number): Promise<void> {
    const wait = new Latch<void>();
    const cancel = this.#platform.after(backoffMs(attempt, this.#platform.random()), () => wait.set());
    await wait.wait(this.#abort.signal).finally(cancel);
  }

  #after(name: string, ms: number, callback: () => void): void {
    this.#cancel(name);
    if (!this.#ended) this.#timers.set(name, this.#platform.after(ms, callback));
  }

  #cancel(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}
