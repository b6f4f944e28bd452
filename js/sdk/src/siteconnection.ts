import type { Code } from "./codes.gen.ts";
import { parseAccount } from "./account.ts";
import type { Assurance } from "./assurance.ts";
import { Connection, type Settings } from "./connection.ts";
import type { Frame } from "./cursor.ts";
import { SiteEnvelope } from "./envelope.ts";
import { LinkError } from "./errors.ts";
import type { SiteNews } from "./events.ts";
import type { Confirmation } from "./gate.ts";
import type { HandshakeInput } from "./keys.ts";
import { abortError, Latch } from "./latch.ts";
import { consentMs, pathSocket } from "./limits.gen.ts";
import type { NetworkVerdict } from "./locality.ts";
import { peerVersion, type Description, type Hello, type SiteMessage, type WalletMessage, type Welcome } from "./messages.ts";
import { sameProof, type ChainLookups } from "./proof.ts";
import type { Rest } from "./rest.ts";
import type { KeptResumption } from "./resumptions.ts";
import { Sequence } from "./sequence.ts";
import { SessionKeeper } from "./session.ts";
import { Signaling } from "./signaling.ts";
import type { Claim, SignInRequest, Site } from "./wire.ts";

/** How a site's end behaves, fixed and complete. */
export interface SiteSettings extends Settings<SiteNews> {
  readonly asksCode: boolean;
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
  /** What the handshake begins with. */
  readonly input: HandshakeInput;
  /** What a link asks for. */
  readonly signIn?: SignInRequest;
  /** What a resumption continues. */
  readonly resumes?: KeptResumption;
}

const expiryGraceMs = 1_000; // the server's own word on expiry comes first
const collectAfterMs = 2_000;
const answerTimeoutMs = 30_000; // of a wallet that came to resume
const restartEveryMs = 10_000;
// Frames that may wait for a wallet that does not seal.
const mostUnheard = 512;

/** The site's end of one link or resumption. */
export class SiteConnection extends Connection<WalletMessage, SiteMessage, SiteNews> {
  declare protected readonly settings: SiteSettings;
  declare protected envelope: SiteEnvelope | undefined;
  protected readonly other = "wallet";
  protected override readonly asksCode: boolean;
  readonly #sequence = new Sequence((arrow) => this.emit({ type: "arrow", arrow }));
  readonly #linked = new Latch<string>();
  // Set by start:
  #opening: Opening | undefined;
  #firstOffer!: Promise<string>;
  #session!: SessionKeeper;
  // How far it has come:
  #uri = "";
  #greeted = false;
  #claim: Claim | undefined;
  #unsealed = false; // the wallet speaks a dialect
  #answered = false;
  #account = "";
  #kept = ""; // id of what was kept to resume this pairing
  #forgotten = false;

  constructor(settings: SiteSettings) {
    super(settings);
    this.asksCode = settings.asksCode;
  }

  get requestId(): string {
    return this.#opening!.requestId;
  }
  get uri(): string {
    return this.#uri;
  }
  get site(): Site {
    return this.#opening!.site;
  }
  get lifeMs(): number {
    return this.#opening!.lifeMs;
  }
  get resumes(): { readonly account: string } | undefined {
    const { resumes } = this.#opening!;
    return resumes && { account: resumes.account };
  }
  get pairing(): string | undefined {
    const { resumes } = this.#opening!;
    return resumes ? (resumes.pairing ?? resumes.id) : this.#kept || undefined;
  }

  /** Opens it at the server and sets everything in motion. */
  async start(open: (rest: Rest) => Promise<Opening>): Promise<void> {
    this.obey(this.settings.signal);
    const opening = await open(this.rest);
    if (this.ended) throw await this.closed;
    this.#opening = opening;
    this.#uri = opening.uri;
    if (!opening.resumes) this.#sequence.saw(1, 2);
    this.#expire(opening.lifeMs);
    this.#session = new SessionKeeper(this.rest, this.requestId, (attempt) => this.pause(attempt), () => this.#sequence.saw(8));
    this.signaling = this.#signal();
    this.inOrder(() => this.#await(opening));
  }

  /** Gets ready for a wallet. */
  async #await({ iceServers, input }: Opening): Promise<void> {
    await this.prepare();
    this.configure(iceServers);
    const handshake = await this.direct.Handshake.start(input);
    if (this.ended) return; // nobody would close the connection
    this.envelope = new SiteEnvelope(handshake);
    this.peer = this.connect("offers");
    this.#firstOffer = this.peer.offer(false);
    this.#firstOffer.catch(() => undefined); // whoever needs it is told
  }

  displayed(): void {
    if (this.#opening!.resumes) return; // there is no code
    this.#sequence.saw(3);
    this.inOrder(() => this.direct.prefetchVerifier());
  }

  account({ signal }: { signal?: AbortSignal } = {}): Promise<string> {
    return this.#linked.wait(signal);
  }

  async confirm(code: string, { signal }: { signal?: AbortSignal } = {}): Promise<Confirmation> {
    if (signal?.aborted) throw abortError(signal);
    if (this.ended) throw await this.closed;
    if (!this.gate) throw new LinkError("invalid_message", { detail: "the short code is not asked for now" });
    return this.gate.confirm(code);
  }

  #signal(): Signaling {
    const url = this.settings.server.replace(/^http/, "ws") + pathSocket;
    return new Signaling(this.platform, { url, requestId: this.requestId, side: "site" }, {
      ...this.hears(),
      subscribed: (topic) => this.#subscribed(topic),
      claimed: (claim) => this.inOrder(() => this.#claimed(claim)),
      rotated: async () => {
        if (this.#mayCollect) await this.#session.collect();
      },
      refused: () => this.#session.refused(),
    });
  }

  /** Ends the link when its time is over. A resumption waits for ever. */
  #expire(lifeMs: number): void {
    if (lifeMs < Infinity) this.after("expiry", lifeMs + expiryGraceMs, () => this.end(new LinkError("link_expired")));
  }

  // --- what comes through the server ---

  #subscribed(topic: string): void {
    this.#session.good();
    this.#sequence.saw(topic === "link" ? 4 : 12);
    this.attached();
  }

  protected override peerState(here: boolean): void {
    if (here && this.#claim) this.#sequence.saw(9);
    super.peerState(here);
    // Who came to resume and went away has used up the handshake.
    if (!here && this.resuming && !this.peer?.ready) this.end(new LinkError("peer_lost"));
  }

  #claimed(claim: Claim): void {
    if (this.resuming) throw new LinkError("server_mismatch", { detail: "a resumption is not claimed" });
    if (claim.dialect || this.#unsealed) return this.#vouched(claim);
    if (!this.envelope!.keys) throw new LinkError("unsealed_refused", { detail: "the server says that a wallet answered, and none has" });
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
    const { legacy } = this.settings;
    if (this.#greeted || legacy === "deny" || claim.dialect !== "liquid") throw new LinkError("unsealed_refused", { detail: "the server says that a wallet answered that does not seal" });
    if (!claim.bare || (this.#claim && this.#claim.account !== claim.account)) throw new LinkError("server_mismatch", { detail: "the server shows of a wallet what it cannot have" });
    if (this.#claim) return;
    this.envelope!.giveUp();
    this.#claim = claim;
    this.#unsealed = true;
    this.#uri = ""; // of no use any more
    this.peer!.close();
    this.peer = this.connect("liquid");
    this.#sequence.saw(10);
    this.emit({ type: "unsealed", dialect: claim.dialect, account: claim.account, warn: legacy === "warn" });
    this.#identified(claim.account, "server-asserted");
    this.signaling!.release();
  }

  /** Takes what a wallet that does not seal says. */
  async #hear(message: WalletMessage): Promise<void> {
    if (message.t === "ice") return this.peer!.candidate(message);
    // Each offer is answered, and here anybody at the server can make one.
    if (message.t !== "offer" || this.signaling!.waiting > mostUnheard) throw unexpected(message);
    const sdp = await this.peer!.offered(message.sdp);
    this.say(async () => this.signaling!.send(await this.envelope!.seal({ t: "answer", sdp })));
    await this.peer!.commit(); // its candidates come after it
  }

  protected async receive(message: WalletMessage): Promise<void> {
    if (this.ended) return;
    if (this.#unsealed) return this.#hear(message);
    if (!this.#greeted) {
      this.#greeted = true;
      return this.#greet(expect("hello", message));
    }
    if (!this.#answered) {
      this.#answered = true;
      return this.#answeredBy(expect("answer", message));
    }
    switch (message.t) {
      case "answer":
        return this.peer!.answered(message.sdp);
      case "ice":
        if (this.#claim) this.#sequence.saw(9);
        this.#sequence.saw(16);
        return this.peer!.candidate(message);
      default:
        throw unexpected(message);
    }
  }

  /** Answers the wallet's hello: who asks for what, and an offer. */
  async #greet(hello: Hello): Promise<void> {
    const { signIn, site, resumes } = this.#opening!;
    this.#uri = ""; // of no use any more, and secret
    this.peer!.expect(hello.fp);
    if (!resumes) this.#sequence.saw(5);
    this.emit({ type: "joined", app: hello.app, lifeMs: resumes ? answerTimeoutMs : consentMs });
    if (resumes) this.after("expiry", answerTimeoutMs, () => this.end(new LinkError("peer_lost")));
    else this.#expire(consentMs);
    const welcome: Welcome = {
      t: "welcome",
      v: peerVersion,
      fp: this.fingerprint,
      sdp: await this.#firstOffer,
      site: { name: site.name, origin: site.origin },
      ...(signIn && { signIn }),
      confirm: this.settings.asksCode ? "sas" : "none",
      locality: this.settings.locality,
      ...(this.settings.resumeSeconds > 0 && { resume: this.settings.resumeSeconds }),
    };
    const { payload, keys } = await this.envelope!.answer(welcome);
    if (this.ended) return;
    const frame = this.signaling!.first(payload);
    this.run(this.#post(frame, signIn && keys.channelId));
  }

  /** Hands over frame 0 until it is there; the same one each time. */
  async #post(frame: Frame, channel: string | undefined): Promise<void> {
    await this.insistently(async () => this.#account || this.rest.offer(this.requestId, frame, channel));
    this.#sequence.saw(13);
    this.signaling!.release();
  }

  /** Checks who the wallet is, and lets the two connect. */
  async #answeredBy(answer: Description): Promise<void> {
    this.peer!.check(answer.sdp);
    const { account, assurance } = this.#opening!.resumes ?? (await this.#identify(answer));
    if (this.ended) return;
    this.#sequence.saw(14);
    this.#identified(account, assurance);
    this.signaling!.delivered(1); // who answers has the offer
    this.signaling!.release();
    await this.peer!.answered(answer.sdp);
  }

  /** Notes who the wallet is. */
  #identified(account: string, assurance: Assurance): void {
    this.#account = account;
    this.meet(assurance);
    this.emit({ type: "linked", account, address: parseAccount(account)?.address ?? account, assurance });
    this.#linked.set(account);
    if (this.#mayCollect) this.after("collect", collectAfterMs, () => this.#collect());
  }

  async #identify(answer: Description): Promise<{ account: string; assurance: Assurance }> {
    const channel = this.envelope!.keys!.channelId;
    const proof = await this.direct.checkProof(this.#opening!.signIn!, channel, answer.proof, this.settings.lookups);
    const account = `${proof.chain}:${proof.address}`;
    if (!sameClaim(this.#claim, { account, proof })) {
      throw new LinkError("server_mismatch", { detail: "the server names another account or proof than the wallet" });
    }
    return { account, assurance: answer.verified ? "sealed+origin" : "sealed" };
  }

  protected get met(): boolean {
    return this.#account !== "";
  }

  // --- the session ---

  /** Whether the sign-in stands before the channel is open: where more is asked
   * for than a signature, by this side or by a wallet that holds its claim, the
   * right wallet must be at the other end first. It releases before it says ok. */
  get #mayCollect(): boolean {
    const { asksCode, locality } = this.settings;
    return this.opens || !(this.#claim?.held || asksCode || locality === "prefer" || locality === "require");
  }

  protected override network(): Promise<NetworkVerdict> {
    return this.#session.withSession(() => super.network());
  }

  #collect(): void {
    this.cancel("collect");
    // The channel is worth something without it.
    if (!this.resuming) this.#session.collect().catch(() => undefined);
  }

  // --- the gate ---

  protected override asked(left: number): void {
    this.emit({ type: "code", left });
  }

  protected handedOver(): void {
    this.#sequence.saw(17);
    this.#collect();
  }

  /** Keeps what resumes this pairing, in the place of what it was resumed from.
   * Not before all checks are done: a page that is loaded anew must not get past
   * one of them. */
  protected async checked(): Promise<void> {
    const { resumes, site } = this.#opening!;
    const { resumeSeconds, locality, server } = this.settings;
    const store = this.platform.resumptions;
    try {
      if (resumeSeconds > 0) {
        const resumption = this.envelope!.keys!.resumption;
        this.#kept = resumption.id;
        const expiresAt = this.platform.date() + resumeSeconds * 1000;
        await store.put({ ...resumption, pairing: this.pairing!, server, account: this.#account, site, assurance: this.assurance!, locality, expiresAt });
        if (this.ended) store.release(resumption.id); // it was not in use when the end came
      }
      if (resumes) await store.remove(resumes.id);
      if (this.#forgotten) await store.remove(this.#kept);
    } catch {
      // A browser that keeps nothing needs a code the next time.
    }
  }

  // --- what can be resumed ---

  protected get resuming(): boolean {
    return this.#opening?.resumes !== undefined;
  }

  /** Who has opened a resumption and may not go on with it has another session by now:
   * a tab that asked before has got one. Opened anew, it is that one's. */
  override end(reason: LinkError, lastWord?: Code): void {
    const other = this.resuming && reason.code === "link_forbidden";
    super.end(other ? new LinkError("peer_lost", { cause: reason }) : reason, lastWord);
  }

  protected forget(): void {
    this.#forgotten = true;
    for (const id of this.kept) this.platform.resumptions.remove(id).catch(() => undefined);
  }

  protected get kept(): string[] {
    return [this.#opening?.resumes?.id ?? "", this.#kept].filter(Boolean);
  }

  protected release(): void {
    for (const id of this.kept) this.platform.resumptions.release(id);
  }

  protected abandon(reason: LinkError): void {
    this.#uri = "";
    this.#linked.fail(reason);
  }

  // --- the direct path ---

  protected override candidateSent(): void {
    this.#sequence.saw(15);
  }

  /** Looks for a new path, again and again while it is broken. */
  protected restart(): void {
    if (this.#unsealed) return; // the wallet offers
    this.after("restart", restartEveryMs, () => this.restart());
    if (this.signaling!.attached) this.run(this.#offerAgain());
    else this.signaling!.hurry();
  }

  async #offerAgain(): Promise<void> {
    const sdp = await this.peer!.offer(true);
    this.say(async () => void this.signaling!.send(await this.envelope!.seal({ t: "offer", sdp })));
    await this.peer!.commit(); // its candidates come after it
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
