import type { Assurance } from "./assurance.ts";
import { backoffMs } from "./backoff.ts";
import type { Code } from "./codes.gen.ts";
import { asLinkError, LinkError, noRelay } from "./errors.ts";
import type { ConnectionNews, Timed } from "./events.ts";
import type { Gate } from "./gate.ts";
import { abortError, Latch } from "./latch.ts";
import type { LocalityReport, NetworkVerdict } from "./locality.ts";
import type { Locality } from "./localitylevel.ts";
import type { Candidate } from "./messages.ts";
import type { PathKind } from "./path.ts";
import type { Peer, PeerEvents, PeerRole } from "./peer.ts";
import type { Platform } from "./platform.ts";
import { Rest, type Bearer } from "./rest.ts";
import type { SealedEnvelope } from "./sealed.ts";
import { Signaling, type SignalingEvents } from "./signaling.ts";

/** How a connection behaves, fixed and complete. */
export interface Settings<News> {
  /** Origin of the server. */
  readonly server: string;
  readonly platform: Platform;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: ((event: Timed<ConnectionNews | News>) => void) | undefined;
  readonly openTimeoutMs: number;
  readonly locality: Locality;
  /** The widest kind of candidates that leave this side, and that it tries. */
  readonly candidates: PathKind;
}

/** What goes through the server between the two ends, read and written. */
export interface Envelope<In, Out> {
  /** What both ends share; undefined until the handshake is done. */
  readonly keys: SealedEnvelope | undefined;
  /** Reads the other side's next frame. */
  open(payload: string): Promise<In>;
  /** Writes this side's next frame. */
  seal(message: Out): Promise<string>;
  /** Forgets the keys. */
  end(): void;
}

/** See direct.ts. */
type Direct = typeof import("./direct.ts");

const pathEveryMs = 2_000;
const brokenTimeoutMs = 60_000;
// How long a channel may take to open whose link the other side has left: it may
// have said all that it had to say.
const openGraceMs = 2_000;
// How long the other side may be away from both server and channel.
const goneMs = 2_000;
// How long a goodbye may take to come once the other channel was closed.
const lastWordsMs = 250;
// What may come before the channel is handed over.
const mostEarlyChars = 4 << 20;
const mostEarlyMessages = 1024; // an empty one takes memory, too
const mostEarlyControls = 256;

/** One end of one link or resumption: server, peer and gate, and what becomes of
 * them. What the two ends do differently is in the classes that extend it. */
export abstract class Connection<In, Out, News> {
  readonly closed: Promise<LinkError>;
  protected readonly settings: Settings<News>;
  protected readonly platform: Platform;
  protected readonly rest: Rest;
  protected readonly startedAt: number;
  /** What this side is called by the other in an error. */
  protected abstract readonly other: string;
  // Set by start, and the rest before anything that came in is looked at:
  protected envelope: Envelope<In, Out | Candidate> | undefined;
  protected signaling: Signaling | undefined;
  protected direct!: Direct;
  protected fingerprint!: string;
  protected peer: Peer | undefined;
  #certificate!: RTCCertificate;
  #config!: RTCConfiguration;
  // How far it has come:
  protected opens = false;
  protected ended = false;
  #abort = new AbortController();
  #opened = new Latch<void>();
  #over = new Latch<LinkError>();
  #timers = new Map<string, () => void>();
  #assurance: Assurance | undefined;
  #locality: LocalityReport | undefined;
  #gate: Gate | undefined;
  #certified = false;
  #outgoing: Promise<unknown> = Promise.resolve();
  #incoming: Promise<unknown> = Promise.resolve();
  #earlyControls: unknown[] = [];
  #earlyMessages: string[] = [];
  #earlyChars = 0;
  #here = true; // the other side is attached to the server, or has not been heard of
  #broken = false;
  #lastPath = "";

  constructor(settings: Settings<News>, bearer?: Bearer) {
    this.settings = settings;
    this.platform = settings.platform;
    this.rest = new Rest(this.platform, settings.server, this.#abort.signal, bearer);
    this.startedAt = this.platform.now();
    this.closed = this.#over.wait();
  }

  /** Is aborted when the link is over. */
  protected get over(): AbortSignal {
    return this.#abort.signal;
  }
  get assurance(): Assurance | undefined {
    return this.#assurance;
  }
  get locality(): LocalityReport | undefined {
    return this.#locality;
  }
  get channelId(): string | undefined {
    return this.envelope?.keys?.channelId;
  }

  opened({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#opened.wait(signal);
  }

  send(text: string): void {
    if (!this.peer || !this.opens || this.ended) throw new LinkError("channel_closed");
    this.peer.send(text);
  }

  close(): void {
    this.forget();
    this.end(new LinkError("canceled"), "channel_closed");
  }

  suspend(): void {
    this.leave(new LinkError("canceled"));
  }

  /** Ends everything with a reason; only the first call counts. The other side
   * hears the last word if there is a way to it. */
  end(reason: LinkError, lastWord?: Code): void {
    if (this.ended) return;
    this.signaling?.leave(reason.code);
    this.finish(reason, lastWord);
  }

  // --- what the two ends do differently ---

  /** Name of the link or resumption. */
  abstract get requestId(): string;
  /** Whether a resumption is what this is, and not a link. */
  protected abstract get resuming(): boolean;
  /** Acts on the other side's next message. */
  protected abstract receive(message: In): unknown;
  /** The short code has to be typed here. */
  protected readonly asksCode: boolean = false;
  /** The wallet's side asks its person whether to go on although the site is not
   * near; the site's has the short code typed. */
  protected insist?(report: LocalityReport): Promise<boolean>;
  /** All that this side checks holds; it says ok after this. */
  protected abstract checked(): Promise<void>;
  /** The person has to type the short code. */
  protected asked(_left: number): void {}
  /** The channel is the application's. */
  protected abstract handedOver(): void;
  /** Looks for a new path, if this side can. */
  protected abstract restart(): void;
  /** A candidate of this side went out. */
  protected candidateSent(): void {}
  /** Names of what this pairing is resumed from, and can be. */
  protected abstract get kept(): string[];
  /** What can be resumed is forgotten. */
  protected abstract forget(): void;
  /** Nobody uses it here any more. */
  protected abstract release(): void;
  /** Anything that waits ends with this reason. */
  protected abstract abandon(reason: LinkError): void;
  /** Whether the two have met: whose the wallet is is known. */
  protected abstract get met(): boolean;

  // --- setting up ---

  protected obey(signal: AbortSignal | undefined): void {
    if (!signal) return;
    if (signal.aborted) throw abortError(signal);
    const stop = () => this.leave(abortError(signal));
    signal.addEventListener("abort", stop, { once: true });
    this.#timers.set("signal", () => signal.removeEventListener("abort", stop));
  }

  /** Loads what is needed once the other side has come. */
  protected async prepare(): Promise<void> {
    const [direct, certificate] = await Promise.all([loadDirect(), this.platform.certificate()]);
    this.fingerprint = await direct.localFingerprint(certificate, this.platform);
    if (this.ended) throw await this.closed;
    this.direct = direct;
    this.#certificate = certificate;
  }

  /** Says by which servers the two may find each other. */
  protected configure(iceServers: RTCIceServer[]): void {
    const relay = this.settings.candidates === "relay";
    const named = iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)));
    if (relay && !named) throw new LinkError("ice_failed", { detail: noRelay }); // nobody needs to wait for that
    this.#config = { iceServers, certificates: [this.#certificate], ...(relay && { iceTransportPolicy: "relay" }) };
  }

  /** What the server says, as far as it is the same for both sides. */
  protected hears(): Pick<SignalingEvents, "lost" | "frame" | "peer" | "notice" | "ended"> {
    return {
      lost: () => this.emit({ type: "signaling", attached: false }),
      frame: (payload) => this.inOrder(async () => this.ended || this.receive(await this.envelope!.open(payload))),
      peer: (here) => this.peerState(here),
      notice: (notice) => this.emit({ type: "notice", notice }),
      ended: (reason) => this.#signalingEnded(reason),
    };
  }

  /** A subscription was confirmed. */
  protected attached(): void {
    this.emit({ type: "signaling", attached: true });
    if (this.#broken) this.restart();
  }

  protected connect(role: PeerRole): Peer {
    const closed = role === "liquid" ? "channel_closed" : "peer_lost";
    const events: PeerEvents = {
      candidate: (message) => this.#candidate(message),
      ready: () => this.#ready(role),
      control: (data) => this.#control(data),
      message: (text) => this.#message(text),
      broken: (broken) => this.#pathBroken(broken),
      // A goodbye may be on its way behind it.
      closed: () => this.after("last words", lastWordsMs, () => this.end(new LinkError(closed))),
    };
    return new this.direct.Peer(this.platform, this.#config, events, role, this.settings);
  }

  /** Notes how far the account can be trusted, and how long the two may take to
   * connect. */
  protected meet(assurance: Assurance): void {
    this.#assurance = assurance;
    this.cancel("expiry");
    if (!this.#gate) this.after("open", this.settings.openTimeoutMs, () => this.end(new LinkError(this.signaling!.attached ? "ice_failed" : "signaling_unreachable")));
  }

  // --- what comes through the server ---

  protected peerState(here: boolean): void {
    this.emit({ type: "peer", here });
    this.#here = here;
    this.#missPeer();
  }

  /** Signaling is over. An open channel needs none. */
  #signalingEnded(reason: LinkError): void {
    if (this.opens) return this.emit({ type: "signaling", attached: false });
    if (reason.code === "link_closed" && this.met) return this.after("grace", openGraceMs, () => this.end(reason));
    if (!this.resuming && !reason.retryable) this.forget();
    this.end(reason);
  }

  // --- what goes out through the server ---

  #candidate(message: Candidate): void {
    this.say(async () => {
      this.signaling!.send(await this.envelope!.seal(message));
      if (message.candidate) this.candidateSent();
    });
  }

  /** Another side that is gone on both ways does not mend the path; it comes back by
   * a resumption. */
  #missPeer(): void {
    if (this.#broken && !this.#here && this.kept.length > 0) this.after("gone", goneMs, () => this.end(new LinkError("peer_lost")));
    else this.cancel("gone");
  }

  // --- the direct path ---

  #ready(role: PeerRole): void {
    if (this.#gate || this.opens || this.ended) return;
    this.cancel("open");
    // A dialect knows no gate.
    if (role === "liquid") return this.run(this.peer!.checkCertificate().then(() => this.#channelOpened()));
    const { asksCode, other } = this;
    this.#gate = new this.direct.Gate(this.platform, { keys: this.envelope!.keys!, asksCode, locality: this.nearness, other }, {
      tell: (text) => this.peer!.tell(text),
      path: () => this.peer!.knownPath(),
      network: () => this.network().catch(() => "unknown" as const),
      measured: (report) => {
        this.#locality = report;
        this.emit({ type: "locality", locality: report });
      },
      asked: (left) => this.asked(left),
      ...(this.insist && { insist: (report: LocalityReport) => this.insist!(report) }),
      checked: () => this.checked(),
      opened: () => this.#channelOpened(),
      dismissed: (code) => this.#dismissed(code),
    });
    this.run(this.#passGate(this.#gate));
  }

  /** Asks the server how the addresses of the two ends compare. */
  protected network(): Promise<NetworkVerdict> {
    return this.rest.network(this.requestId);
  }

  async #passGate(gate: Gate): Promise<void> {
    await this.peer!.checkCertificate();
    this.#certified = true;
    for (const data of this.#earlyControls.splice(0)) this.#control(data);
    if (!this.ended) await gate.pass();
  }

  /** How near the other side must be. */
  protected get nearness(): Locality {
    return this.settings.locality;
  }

  /** What stands between the connection and the application, once there is one. */
  protected get gate(): Gate | undefined {
    return this.#gate;
  }

  #control(data: unknown): void {
    if (this.ended) return;
    if (this.#certified) return this.run(this.#gate!.hear(data));
    if (this.#earlyControls.push(data) > mostEarlyControls) this.refuse(new LinkError("invalid_peer", { detail: `the ${this.other} talks too much` }));
  }

  #message(data: string): void {
    if (this.opens) return this.emit({ type: "message", data });
    this.#earlyChars += data.length;
    this.#earlyMessages.push(data);
    if (this.#earlyChars > mostEarlyChars || this.#earlyMessages.length > mostEarlyMessages) {
      this.refuse(new LinkError("invalid_peer", { detail: `the ${this.other} talks too much` }));
    }
  }

  #channelOpened(): void {
    if (this.ended) return;
    this.opens = true;
    this.cancel("grace");
    this.handedOver();
    this.#opened.set();
    this.emit({ type: "open" });
    for (const data of this.#earlyMessages.splice(0)) this.emit({ type: "message", data });
    this.#watchPath(100);
  }

  /** The other side has said goodbye, or refused to go on. */
  #dismissed(code: Code): void {
    if (code === "channel_closed" || (!this.resuming && !this.opens)) this.forget();
    this.end(new LinkError(code, { detail: `the ${this.other} ended it` }));
  }

  #watchPath(waitMs: number): void {
    this.run(this.#readPath());
    this.after("path", waitMs, () => this.#watchPath(pathEveryMs));
  }

  async #readPath(): Promise<void> {
    const path = await this.peer!.path();
    if (!path || this.ended) return;
    const text = `${path.kind} ${path.rttMs}`;
    if (text === this.#lastPath) return;
    this.#lastPath = text;
    this.emit({ type: "path", path });
  }

  #pathBroken(broken: boolean): void {
    if (broken === this.#broken) return;
    this.#broken = broken;
    this.#missPeer();
    if (this.opens) this.emit({ type: "broken", broken });
    if (!broken) {
      this.cancel("broken");
      this.cancel("restart");
      return;
    }
    if (this.#gate || this.opens) this.after("broken", brokenTimeoutMs, () => this.end(new LinkError("ice_failed")));
    this.restart();
  }

  // --- the end ---

  /** Ends everything for a reason that this side has found, and that the other
   * one shall hear. */
  protected refuse(reason: LinkError): void {
    if (this.ended) return;
    // What was resumed can be again, when whatever is in the way is gone.
    if (!this.resuming) this.forget();
    this.end(reason, reason.code);
  }

  /** Ends everything so that it can be resumed. */
  protected leave(reason: LinkError): void {
    if (this.ended) return;
    // A resumption that still waits is opened again under the same name, and
    // what is said of this one could come after that.
    if (this.resuming && !this.met) this.signaling?.close();
    else this.signaling?.leave(reason.code);
    this.finish(reason);
  }

  protected finish(reason: LinkError, lastWord?: Code): void {
    this.ended = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#abort.abort(reason);
    this.#gate?.end();
    this.peer?.close(lastWord);
    this.envelope?.end();
    this.release();
    this.#earlyControls = this.#earlyMessages = [];
    this.abandon(reason);
    this.#opened.fail(reason);
    this.#over.set(reason);
    this.settings.onEvent?.({ type: "closed", reason, at: this.platform.now() - this.startedAt });
  }

  // --- small things ---

  protected emit(news: ConnectionNews | News): void {
    if (!this.ended) this.settings.onEvent?.({ ...news, at: this.platform.now() - this.startedAt });
  }

  /** Lets work go on by itself; its failure ends the link. */
  protected run(work: Promise<unknown>): void {
    work.catch((cause) => this.refuse(asLinkError(cause)));
  }

  /** Does work on what came in after all that came before. */
  protected inOrder(work: () => unknown): void {
    this.#incoming = this.#incoming.then(() => (this.ended ? undefined : work()));
    this.run(this.#incoming);
  }

  /** Seals and sends after all that goes out before. */
  protected say(work: () => Promise<unknown>): void {
    this.#outgoing = this.#outgoing.then(() => (this.ended ? undefined : work()));
    this.run(this.#outgoing);
  }

  /** Makes a call until it is answered or there is no use in another attempt. */
  protected async insistently<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (cause) {
        const error = asLinkError(cause);
        if (!error.retryable) throw error;
      }
      await this.pause(attempt);
    }
  }

  /** Waits before another attempt; the end of the link ends it. */
  protected async pause(attempt: number): Promise<void> {
    const wait = new Latch<void>();
    const cancel = this.platform.after(backoffMs(attempt, this.platform.random()), () => wait.set());
    await wait.wait(this.#abort.signal).finally(cancel);
  }

  protected after(name: string, ms: number, callback: () => void): void {
    this.cancel(name);
    if (!this.ended) this.#timers.set(name, this.platform.after(ms, callback));
  }

  protected cancel(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}

async function loadDirect(): Promise<Direct> {
  return import("./direct.ts").catch((cause: unknown) => {
    throw new LinkError("internal", { detail: "a part of the page did not load", cause });
  });
}
