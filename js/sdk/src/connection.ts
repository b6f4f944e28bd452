import { parseAccount } from "./account.ts";
import type { Assurance } from "./assurance.ts";
import { backoffMs } from "./backoff.ts";
import type { Code } from "./codes.gen.ts";
import { encodeControl } from "./control.ts";
import type { Frame } from "./cursor.ts";
import { Envelope } from "./envelope.ts";
import { asLinkError, LinkError } from "./errors.ts";
import type { LinkEvent, LinkNews } from "./events.ts";
import { localFingerprint } from "./fingerprint.ts";
import { Gate, type Confirmation } from "./gate.ts";
import { abortError, Latch } from "./latch.ts";
import { consentMs, pathSocket } from "./limits.gen.ts";
import type { Locality, LocalityReport } from "./locality.ts";
import { peerVersion, type Candidate, type Description, type Hello, type WalletMessage, type Welcome } from "./messages.ts";
import { Peer, type PeerEvents } from "./peer.ts";
import type { Platform } from "./platform.ts";
import { checkProof, prefetchVerifier, sameProof, type ChainLookups } from "./proof.ts";
import { Rest } from "./rest.ts";
import type { KeptResumption } from "./resumptions.ts";
import type { Handshake } from "./sealed.ts";
import { SessionKeeper } from "./session.ts";
import { Sequence } from "./sequence.ts";
import { Signaling } from "./signaling.ts";
import type { Claim, SignInRequest, Site } from "./wire.ts";

/** How a connection behaves, fixed and complete. */
export interface Settings {
  /** Origin of the server. */
  readonly server: string;
  readonly platform: Platform;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: ((event: LinkEvent) => void) | undefined;
  readonly openTimeoutMs: number;
  readonly asksCode: boolean;
  readonly locality: Locality;
  /** What becomes of a wallet that does not seal. */
  readonly legacy: Legacy;
  /** For how many seconds the pairing may be resumed; 0 is not at all. */
  readonly resumeSeconds: number;
  readonly lookups: ChainLookups;
}

/** What a site does about a wallet that does not seal: it denies it, goes on and tells its
 * person, or goes on. */
export type Legacy = "deny" | "warn" | "allow";

/** What the server opened, and what it is opened for. */
export interface Opening {
  readonly requestId: string;
  /** What the QR code shows; empty for a resumption. */
  readonly uri: string;
  readonly site: Site;
  /** How long it waits for a wallet, in milliseconds. */
  readonly lifeMs: number;
  readonly iceServers: RTCIceServer[];
  readonly handshake: Handshake;
  /** What a link asks for. */
  readonly signIn?: SignInRequest;
  /** What a resumption continues. */
  readonly resumes?: KeptResumption;
}

const expiryGraceMs = 1_000; // the server's own word on expiry comes first
const collectAfterMs = 2_000;
const answerTimeoutMs = 30_000; // of a wallet that came to resume
const pathEveryMs = 2_000;
const restartEveryMs = 10_000;
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
// Frames that may wait for a wallet that does not seal.
const mostUnheard = 512;

/** The site's end of one link or resumption: server, peer and gate, and what
 * becomes of them. */
export class SiteConnection {
  readonly closed: Promise<LinkError>;
  readonly #settings: Settings;
  readonly #platform: Platform;
  readonly #abort = new AbortController();
  readonly #rest: Rest;
  readonly #sequence: Sequence;
  readonly #startedAt: number;
  readonly #linked = new Latch<string>();
  readonly #opened = new Latch<void>();
  readonly #over = new Latch<LinkError>();
  readonly #timers = new Map<string, () => void>();
  // Set by start:
  #opening!: Opening;
  #envelope!: Envelope;
  #fingerprint!: string;
  #firstOffer!: Promise<string>;
  #config!: RTCConfiguration;
  #peer: Peer | undefined;
  #signaling: Signaling | undefined;
  #session!: SessionKeeper;
  // How far it has come:
  #uri = "";
  #greeted = false;
  #claim: Claim | undefined;
  #unsealed = false; // the wallet speaks a dialect
  #answered = false;
  #account = "";
  #assurance: Assurance | undefined;
  #locality: LocalityReport | undefined;
  #gate: Gate | undefined;
  #certified = false;
  #open = false;
  #ended = false;
  #kept = ""; // id of what was kept to resume this pairing
  #forgotten = false;
  // Queues:
  #outgoing: Promise<unknown> = Promise.resolve();
  #incoming: Promise<unknown> = Promise.resolve();
  #earlyControls: unknown[] = [];
  #earlyMessages: string[] = [];
  #earlyChars = 0;
  #here = true; // the wallet is attached to the server, or has not been heard of
  #broken = false;
  #lastPath = "";

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#platform = settings.platform;
    this.#rest = new Rest(this.#platform, settings.server, this.#abort.signal);
    this.#startedAt = this.#platform.now();
    this.#sequence = new Sequence((arrow) => this.#emit({ type: "arrow", arrow }));
    this.closed = this.#over.wait();
  }

  get requestId(): string {
    return this.#opening.requestId;
  }
  get uri(): string {
    return this.#uri;
  }
  get site(): Site {
    return this.#opening.site;
  }
  get lifeMs(): number {
    return this.#opening.lifeMs;
  }
  get resumes(): { readonly account: string } | undefined {
    const { resumes } = this.#opening;
    return resumes && { account: resumes.account };
  }
  get assurance(): Assurance | undefined {
    return this.#assurance;
  }
  get locality(): LocalityReport | undefined {
    return this.#locality;
  }
  get channelId(): string | undefined {
    return this.#envelope.keys?.channelId;
  }

  /** Opens it at the server and sets everything in motion. */
  async start(open: (rest: Rest) => Promise<Opening>): Promise<void> {
    this.#obey(this.#settings.signal);
    const [opening, certificate] = await Promise.all([open(this.#rest), this.#platform.certificate()]);
    this.#fingerprint = await localFingerprint(certificate, this.#platform);
    if (this.#ended) throw await this.closed;
    this.#opening = opening;
    this.#uri = opening.uri;
    this.#envelope = new Envelope(opening.handshake);
    if (!opening.resumes) this.#sequence.saw(1, 2);
    this.#expire(opening.lifeMs);
    this.#session = new SessionKeeper(this.#rest, this.requestId, (attempt) => this.#pause(attempt), () => this.#sequence.saw(8));
    this.#config = { iceServers: opening.iceServers, certificates: [certificate] };
    this.#peer = this.#connect();
    this.#firstOffer = this.#peer.offer(false);
    this.#firstOffer.catch(() => undefined); // whoever needs it is told
    this.#signaling = this.#signal();
  }

  displayed(): void {
    if (this.#opening.resumes) return; // there is no code
    this.#sequence.saw(3);
    prefetchVerifier();
  }

  account({ signal }: { signal?: AbortSignal } = {}): Promise<string> {
    return this.#linked.wait(signal);
  }

  opened({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#opened.wait(signal);
  }

  async confirm(code: string): Promise<Confirmation> {
    if (this.#ended) throw await this.closed;
    if (!this.#gate) throw new LinkError("invalid_message", { detail: "the short code is not asked for now" });
    return this.#gate.confirm(code);
  }

  send(text: string): void {
    if (!this.#peer || !this.#open || this.#ended) throw new LinkError("channel_closed");
    this.#peer.send(text);
  }

  close(): void {
    this.#forget();
    this.end(new LinkError("canceled"), "channel_closed");
  }

  suspend(): void {
    this.#leave(new LinkError("canceled"));
  }

  /** Ends everything with a reason; only the first call counts. The other side
   * hears the last word if there is a way to it. */
  end(reason: LinkError, lastWord?: Code): void {
    if (this.#ended) return;
    this.#signaling?.leave(reason.code);
    this.#finish(reason, lastWord);
  }

  // --- setting up ---

  #obey(signal: AbortSignal | undefined): void {
    if (!signal) return;
    if (signal.aborted) throw abortError(signal);
    const stop = () => this.#leave(abortError(signal));
    signal.addEventListener("abort", stop, { once: true });
    this.#timers.set("signal", () => signal.removeEventListener("abort", stop));
  }

  #signal(): Signaling {
    const url = this.#settings.server.replace(/^http/, "ws") + pathSocket;
    return new Signaling(this.#platform, url, this.requestId, {
      subscribed: (topic) => this.#subscribed(topic),
      lost: () => this.#emit({ type: "signaling", attached: false }),
      claimed: (claim) => this.#inOrder(() => this.#claimed(claim)),
      frame: (payload) => this.#inOrder(async () => this.#receive(await this.#envelope.open(payload))),
      peer: (here) => this.#peerState(here),
      notice: (notice) => this.#emit({ type: "notice", notice }),
      rotated: async () => {
        if (this.#mayCollect) await this.#session.collect();
      },
      refused: () => this.#session.refused(),
      ended: (reason) => this.#signalingEnded(reason),
    });
  }

  #connect(): Peer {
    const closed = this.#unsealed ? "channel_closed" : "peer_lost";
    const events: PeerEvents = {
      candidate: (message) => this.#candidate(message),
      ready: () => this.#ready(),
      control: (data) => this.#control(data),
      message: (text) => this.#message(text),
      broken: (broken) => this.#pathBroken(broken),
      // A goodbye may be on its way behind it.
      closed: () => this.#after("last words", lastWordsMs, () => this.end(new LinkError(closed))),
    };
    return new Peer(this.#platform, this.#config, events, this.#unsealed);
  }

  /** Ends the link when its time is over. A resumption waits for ever. */
  #expire(lifeMs: number): void {
    if (lifeMs < Infinity) this.#after("expiry", lifeMs + expiryGraceMs, () => this.end(new LinkError("link_expired")));
  }

  // --- what comes through the server ---

  #subscribed(topic: string): void {
    this.#session.good();
    this.#sequence.saw(topic === "link" ? 4 : 12);
    this.#emit({ type: "signaling", attached: true });
    if (this.#broken) this.#restart();
  }

  #peerState(here: boolean): void {
    if (here && this.#claim) this.#sequence.saw(9);
    this.#emit({ type: "peer", here });
    this.#here = here;
    this.#missPeer();
    // Who came to resume and went away has used up the handshake.
    if (!here && this.#opening.resumes && !this.#peer!.ready) this.end(new LinkError("peer_lost"));
  }

  #claimed(claim: Claim): void {
    if (this.#opening.resumes) throw new LinkError("server_mismatch", { detail: "a resumption is not claimed" });
    if (claim.dialect || this.#unsealed) return this.#vouched(claim);
    if (!this.#envelope.keys) throw new LinkError("unsealed_refused", { detail: "the server says that a wallet answered, and none has" });
    if (!claim.proof) throw new LinkError("server_mismatch", { detail: "the server shows no proof" });
    if (this.#claim) {
      if (!sameClaim(this.#claim, claim)) throw new LinkError("server_mismatch", { detail: "the server names another account or proof than before" });
      return;
    }
    this.#claim = claim;
    this.#sequence.saw(6, 7, 10);
  }

  /** The server vouches for a wallet that does not seal, spec/protocol.md §11. A link that
   * a wallet of this protocol has joined is none of its. */
  #vouched(claim: Claim): void {
    const { legacy } = this.#settings;
    if (this.#greeted || legacy === "deny" || claim.dialect !== "liquid") throw new LinkError("unsealed_refused", { detail: "the server says that a wallet answered that does not seal" });
    if (!claim.bare || (this.#claim && this.#claim.account !== claim.account)) throw new LinkError("server_mismatch", { detail: "the server shows of a wallet what it cannot have" });
    if (this.#claim) return;
    this.#envelope.giveUp();
    this.#claim = claim;
    this.#unsealed = true;
    this.#uri = ""; // of no use any more
    this.#peer!.close();
    this.#peer = this.#connect();
    this.#sequence.saw(10);
    this.#emit({ type: "unsealed", dialect: claim.dialect, account: claim.account, warn: legacy === "warn" });
    this.#identified(claim.account, "server-asserted");
    this.#signaling!.release();
  }

  /** Takes what a wallet that does not seal says. */
  async #hear(message: WalletMessage): Promise<void> {
    if (message.t === "ice") return this.#peer!.candidate(message);
    // Each offer is answered, and here anybody at the server can make one.
    if (message.t !== "offer" || this.#signaling!.waiting > mostUnheard) throw unexpected(message);
    const sdp = await this.#peer!.offered(message.sdp);
    this.#say(async () => this.#signaling!.send(await this.#envelope.seal({ t: "answer", sdp })));
    await this.#peer!.commit(); // its candidates come after it
  }

  async #receive(message: WalletMessage): Promise<void> {
    if (this.#ended) return;
    if (this.#unsealed) return this.#hear(message);
    if (!this.#greeted) {
      this.#greeted = true;
      return this.#greet(expect("hello", message));
    }
    if (!this.#answered) {
      this.#answered = true;
      return this.#meet(expect("answer", message));
    }
    switch (message.t) {
      case "answer":
        return this.#peer!.answered(message.sdp);
      case "ice":
        if (this.#claim) this.#sequence.saw(9);
        this.#sequence.saw(16);
        return this.#peer!.candidate(message);
      default:
        throw unexpected(message);
    }
  }

  /** Answers the wallet's hello: who asks for what, and an offer. */
  async #greet(hello: Hello): Promise<void> {
    const { signIn, site, resumes } = this.#opening;
    this.#uri = ""; // of no use any more, and secret
    this.#peer!.expect(hello.fp);
    if (!resumes) this.#sequence.saw(5);
    this.#emit({ type: "joined", app: hello.app, lifeMs: resumes ? answerTimeoutMs : consentMs });
    if (resumes) this.#after("expiry", answerTimeoutMs, () => this.end(new LinkError("peer_lost")));
    else this.#expire(consentMs);
    const welcome: Welcome = {
      t: "welcome",
      v: peerVersion,
      fp: this.#fingerprint,
      sdp: await this.#firstOffer,
      site: { name: site.name, origin: site.origin },
      ...(signIn && { signIn }),
      confirm: this.#settings.asksCode ? "sas" : "none",
      locality: this.#settings.locality,
      ...(this.#settings.resumeSeconds > 0 && { resume: this.#settings.resumeSeconds }),
    };
    const { payload, keys } = await this.#envelope.answer(welcome);
    if (this.#ended) return;
    const frame = this.#signaling!.first(payload);
    this.#run(this.#post(frame, signIn && keys.channelId));
  }

  /** Hands over frame 0 until it is there; the same one each time. */
  async #post(frame: Frame, channel: string | undefined): Promise<void> {
    for (let attempt = 0; !this.#account; attempt++) {
      try {
        await this.#rest.offer(this.requestId, frame, channel);
        break;
      } catch (cause) {
        if (!asLinkError(cause).retryable) throw cause;
      }
      await this.#pause(attempt);
    }
    this.#sequence.saw(13);
    this.#signaling!.release();
  }

  /** Checks who the wallet is, and lets the two connect. */
  async #meet(answer: Description): Promise<void> {
    this.#peer!.check(answer.sdp);
    const { account, assurance } = this.#opening.resumes ?? (await this.#identify(answer));
    if (this.#ended) return;
    this.#sequence.saw(14);
    this.#identified(account, assurance);
    this.#signaling!.delivered(1); // who answers has the offer
    this.#signaling!.release();
    await this.#peer!.answered(answer.sdp);
  }

  /** Notes who the wallet is, and how long it may take to connect. */
  #identified(account: string, assurance: Assurance): void {
    this.#account = account;
    this.#assurance = assurance;
    this.#cancel("expiry");
    this.#emit({ type: "linked", account, address: parseAccount(account)?.address ?? account, assurance });
    this.#linked.set(account);
    this.#after("open", this.#settings.openTimeoutMs, () => this.end(new LinkError(this.#signaling!.attached ? "ice_failed" : "signaling_unreachable")));
    if (this.#mayCollect) this.#after("collect", collectAfterMs, () => this.#collect());
  }

  async #identify(answer: Description): Promise<{ account: string; assurance: Assurance }> {
    const channel = this.#envelope.keys!.channelId;
    const proof = await checkProof(this.#opening.signIn!, channel, answer.proof, this.#settings.lookups);
    const account = `${proof.chain}:${proof.address}`;
    if (!sameClaim(this.#claim, { account, proof })) {
      throw new LinkError("server_mismatch", { detail: "the server names another account or proof than the wallet" });
    }
    return { account, assurance: answer.verified ? "sealed+origin" : "sealed" };
  }

  /** Signaling is over. An open channel needs none. */
  #signalingEnded(reason: LinkError): void {
    if (this.#open) return this.#emit({ type: "signaling", attached: false });
    if (reason.code === "link_closed" && this.#account) return this.#after("grace", openGraceMs, () => this.end(reason));
    if (!this.#opening.resumes && !reason.retryable) this.#forget();
    this.end(reason);
  }

  // --- the session ---

  /** Whether the sign-in stands before the channel is open: where more is asked
   * for than a signature, by this side or by a wallet that holds its claim, the
   * right wallet must be at the other end first. It releases before it says ok. */
  get #mayCollect(): boolean {
    const { asksCode, locality } = this.#settings;
    return this.#open || !(this.#claim?.held || asksCode || locality === "prefer" || locality === "require");
  }

  #collect(): void {
    this.#cancel("collect");
    // The channel is worth something without it.
    if (!this.#opening.resumes) this.#session.collect().catch(() => undefined);
  }

  // --- what can be resumed ---

  /** Keeps what resumes this pairing, in the place of what it was resumed from.
   * Not before all checks are done: a page that is loaded anew must not get past
   * one of them. */
  async #keep(): Promise<void> {
    const { resumes, site } = this.#opening;
    const { resumeSeconds, locality, server } = this.#settings;
    const store = this.#platform.resumptions;
    try {
      if (resumeSeconds > 0) {
        const resumption = this.#envelope.keys!.resumption;
        this.#kept = resumption.id;
        const expiresAt = this.#platform.date() + resumeSeconds * 1000;
        await store.put({ ...resumption, server, account: this.#account, site, assurance: this.#assurance!, locality, expiresAt });
        if (this.#ended) store.release(resumption.id); // it was not in use when the end came
      }
      if (resumes) await store.remove(resumes.id);
      if (this.#forgotten) await store.remove(this.#kept);
    } catch {
      // A browser that keeps nothing needs a code the next time.
    }
  }

  #forget(): void {
    this.#forgotten = true;
    for (const id of this.#ids) this.#platform.resumptions.remove(id).catch(() => undefined);
  }

  /** Names of what this pairing is resumed from, and can be. */
  get #ids(): string[] {
    return [this.#opening?.resumes?.id ?? "", this.#kept].filter(Boolean);
  }

  // --- what goes out through the server ---

  #candidate(message: Candidate): void {
    this.#say(async () => {
      this.#signaling!.send(await this.#envelope.seal(message));
      if (message.candidate) this.#sequence.saw(15);
    });
  }

  /** A wallet that is gone on both ways does not mend the path; it comes back by
   * a resumption. */
  #missPeer(): void {
    if (this.#broken && !this.#here && this.#ids.length > 0) this.#after("gone", goneMs, () => this.end(new LinkError("peer_lost")));
    else this.#cancel("gone");
  }

  /** Looks for a new path, again and again while it is broken. */
  #restart(): void {
    if (this.#unsealed) return; // the wallet offers
    this.#after("restart", restartEveryMs, () => this.#restart());
    if (this.#signaling!.attached) this.#run(this.#offerAgain());
    else this.#signaling!.hurry();
  }

  async #offerAgain(): Promise<void> {
    const sdp = await this.#peer!.offer(true);
    this.#say(async () => void this.#signaling!.send(await this.#envelope.seal({ t: "offer", sdp })));
    await this.#peer!.commit(); // its candidates come after it
  }

  // --- the direct path ---

  #ready(): void {
    if (this.#gate || this.#ended) return;
    this.#cancel("open");
    if (this.#unsealed) return this.#run(this.#peer!.checkCertificate().then(() => this.#channelOpened()));
    const { asksCode, locality } = this.#settings;
    this.#gate = new Gate(this.#platform, { keys: this.#envelope.keys!, asksCode, locality }, {
      tell: (text) => this.#peer!.tell(text),
      path: () => this.#peer!.knownPath(),
      network: () => this.#rest.network(this.requestId).catch(() => "unknown" as const),
      measured: (report) => {
        this.#locality = report;
        this.#emit({ type: "locality", locality: report });
      },
      asked: (left) => this.#emit({ type: "code", left }),
      checked: () => this.#keep(),
      opened: () => this.#channelOpened(),
      dismissed: (code) => this.#dismissed(code),
    });
    this.#run(this.#passGate(this.#gate));
  }

  async #passGate(gate: Gate): Promise<void> {
    await this.#peer!.checkCertificate();
    this.#certified = true;
    for (const data of this.#earlyControls.splice(0)) this.#control(data);
    if (!this.#ended) await gate.pass();
  }

  #control(data: unknown): void {
    if (this.#ended) return;
    if (this.#certified) return this.#run(this.#gate!.hear(data));
    if (this.#earlyControls.push(data) > mostEarlyControls) this.#refuse(new LinkError("invalid_peer", { detail: "the wallet talks too much" }));
  }

  #message(data: string): void {
    if (this.#open) return this.#emit({ type: "message", data });
    this.#earlyChars += data.length;
    this.#earlyMessages.push(data);
    if (this.#earlyChars > mostEarlyChars || this.#earlyMessages.length > mostEarlyMessages) this.#refuse(new LinkError("invalid_peer", { detail: "the wallet talks too much" }));
  }

  #channelOpened(): void {
    if (this.#ended) return;
    this.#open = true;
    this.#cancel("grace");
    this.#sequence.saw(17);
    this.#opened.set();
    this.#emit({ type: "open" });
    for (const data of this.#earlyMessages.splice(0)) this.#emit({ type: "message", data });
    this.#collect();
    this.#watchPath(100);
  }

  /** The other side has said goodbye, or refused to go on. */
  #dismissed(code: Code): void {
    if (code === "channel_closed" || (!this.#opening.resumes && !this.#open)) this.#forget();
    this.end(new LinkError(code, { detail: "the wallet ended it" }));
  }

  #watchPath(waitMs: number): void {
    this.#run(this.#readPath());
    this.#after("path", waitMs, () => this.#watchPath(pathEveryMs));
  }

  async #readPath(): Promise<void> {
    const path = await this.#peer!.path();
    if (!path || this.#ended) return;
    const text = `${path.kind} ${path.rttMs}`;
    if (text === this.#lastPath) return;
    this.#lastPath = text;
    this.#emit({ type: "path", path });
  }

  #pathBroken(broken: boolean): void {
    if (broken === this.#broken) return;
    this.#broken = broken;
    this.#missPeer();
    if (this.#open) this.#emit({ type: "broken", broken });
    if (!broken) {
      this.#cancel("broken");
      this.#cancel("restart");
      return;
    }
    if (this.#gate || this.#open) this.#after("broken", brokenTimeoutMs, () => this.end(new LinkError("ice_failed")));
    this.#restart();
  }

  // --- the end ---

  /** Ends everything for a reason that this side has found, and that the other
   * one shall hear. */
  #refuse(reason: LinkError): void {
    if (this.#ended) return;
    // What was resumed can be again, when whatever is in the way is gone.
    if (this.#opening && !this.#opening.resumes) this.#forget();
    this.end(reason, reason.code);
  }

  /** Ends everything so that it can be resumed. */
  #leave(reason: LinkError): void {
    if (this.#ended) return;
    // A resumption that still waits is opened again under the same name, and
    // what is said of this one could come after that.
    if (this.#opening?.resumes && !this.#account) this.#signaling?.close();
    else this.#signaling?.leave(reason.code);
    this.#finish(reason);
  }

  #finish(reason: LinkError, lastWord?: Code): void {
    this.#ended = true;
    this.#uri = "";
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#abort.abort(reason);
    this.#gate?.end();
    this.#peer?.close(lastWord && encodeControl({ t: "bye", code: lastWord }));
    this.#envelope?.end();
    for (const id of this.#ids) this.#platform.resumptions.release(id);
    this.#earlyControls = this.#earlyMessages = [];
    this.#linked.fail(reason);
    this.#opened.fail(reason);
    this.#over.set(reason);
    this.#settings.onEvent?.({ type: "closed", reason, at: this.#platform.now() - this.#startedAt });
  }

  // --- small things ---

  #emit(news: LinkNews): void {
    if (!this.#ended) this.#settings.onEvent?.({ ...news, at: this.#platform.now() - this.#startedAt });
  }

  /** Lets work go on by itself; its failure ends the link. */
  #run(work: Promise<unknown>): void {
    work.catch((cause) => this.#refuse(asLinkError(cause)));
  }

  /** Does work on what came in after all that came before. */
  #inOrder(work: () => unknown): void {
    this.#incoming = this.#incoming.then(() => (this.#ended ? undefined : work()));
    this.#run(this.#incoming);
  }

  /** Seals and sends after all that goes out before. */
  #say(work: () => Promise<unknown>): void {
    this.#outgoing = this.#outgoing.then(() => (this.#ended ? undefined : work()));
    this.#run(this.#outgoing);
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

/** Whether two tell of the same account and proof, byte for byte. */
function sameClaim(a: Pick<Claim, "account" | "proof"> | undefined, b: Pick<Claim, "account" | "proof">): boolean {
  return a?.account === b.account && a.proof !== undefined && b.proof !== undefined && sameProof(a.proof, b.proof);
}

function expect<T extends WalletMessage["t"]>(type: T, message: WalletMessage): Extract<WalletMessage, { t: T }> & WalletMessage {
  if (message.t !== type) throw unexpected(message);
  return message as Extract<WalletMessage, { t: T }>;
}

function unexpected({ t }: WalletMessage): LinkError {
  return new LinkError("invalid_peer", { detail: `the wallet must not say ${t} now` });
}
