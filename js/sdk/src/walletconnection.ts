import { parseAccount } from "./account.ts";
import type { Assurance } from "./assurance.ts";
import { Connection, type Settings } from "./connection.ts";
import type { Frame } from "./cursor.ts";
import { asLinkError, LinkError } from "./errors.ts";
import type { WalletNews } from "./events.ts";
import { consentMs, pathSocket } from "./limits.gen.ts";
import type { LocalityReport } from "./locality.ts";
import { stricter, type Locality } from "./localitylevel.ts";
import { peerVersion, type Hello, type SiteMessage, type WalletMessage, type Welcome } from "./messages.ts";
import { verifyOrigin } from "./origin.ts";
import { abortError, Latch } from "./latch.ts";
import { versionsOf, type KeptPairing, type PairingStore } from "./pairings.ts";
import type { Platform } from "./platform.ts";
import type { Proof } from "./proof.ts";
import { linkPath } from "./rest.ts";
import { newKey } from "./session.ts";
import { Signaling } from "./signaling.ts";
import { signInText } from "./signin.ts";
import { joinToken, successorToken } from "./tokens.ts";
import type { WalletEnvelope } from "./walletenvelope.ts";
import { checkSignIn } from "./walletmessages.ts";
import { parseJoined, type SignInRequest, type Site } from "./wire.ts";

/** What the SDK needs of a wallet's surroundings. */
export interface WalletPlatform extends Platform {
  /** Where pairings are kept that can be met again. */
  readonly pairings: PairingStore;
}

/** How a wallet's end behaves, fixed and complete. */
export interface WalletSettings extends Settings<WalletNews> {
  readonly platform: WalletPlatform;
  readonly app: string;
  readonly allowUnverified: boolean;
  readonly confirmRemote: ((report: LocalityReport) => Promise<boolean>) | undefined;
  /** Whether the pairing is kept, if the site lets it be. */
  readonly keeps: boolean;
}

/** An account, by its chain (CAIP-2) and its address there. */
export interface WalletAccount {
  /** CAIP-2 name, "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k". */
  readonly chain: string;
  /** The account's name on that chain. */
  readonly address: string;
}

/** A wallet's account and its key, wherever that is kept. */
export interface Signer extends WalletAccount {
  /** Signs a sign-in text that this package wrote from its fields. */
  sign(text: string, options?: { signal?: AbortSignal }): Promise<Proof>;
}

/** Where a wallet goes, and how its handshake begins there. */
export interface Destination {
  readonly requestId: string;
  readonly begin: (hello: Hello) => Promise<WalletEnvelope>;
  /** The pairing that a resumption continues. */
  readonly resumes?: KeptPairing;
}

const joinMs = 30_000;
// How long a site may take to answer the wallet's hello.
const welcomeMs = 15_000;
const rejectMs = 10_000;
const expiryGraceMs = 1_000;
// So many refusals in a row mean that the session is gone.
const lostSessionProbes = 3;

/** The wallet's end of one link or resumption. */
export class WalletConnection extends Connection<SiteMessage, WalletMessage, WalletNews> {
  declare protected readonly settings: WalletSettings;
  declare protected readonly platform: WalletPlatform;
  declare protected envelope: WalletEnvelope | undefined;
  protected readonly other = "site";
  readonly #welcomed = new Latch<Welcome>();
  readonly #accepted = new Latch<void>(); // the server has accepted the claim
  #destination!: Destination;
  #token = "";
  #joinedAt = 0;
  #opener: string | undefined; // origin of the page that opened the link, as the server says
  #welcome: Welcome | undefined;
  #answer = ""; // our first description
  #verified = false;
  #answered = false; // the person has decided
  #agreed = false;
  #claiming = false; // the token may have been replaced, and the new one is not known yet
  #account = "";
  #refusals = 0;
  #kept: KeptPairing | undefined;
  #using = ""; // the pairing that this page uses because of this link

  constructor(settings: WalletSettings) {
    super(settings, () => this.#token);
  }

  get requestId(): string {
    return this.#destination.requestId;
  }
  get pairing(): string | undefined {
    return this.#kept?.pairing;
  }
  /** What was shown to the person, whatever the site says of itself by now. */
  get site(): Site {
    return this.#destination.resumes?.site ?? this.#welcome!.site;
  }
  get verified(): boolean {
    return this.#verified;
  }
  get account(): string {
    return this.#account;
  }
  get signIn(): SignInRequest {
    return this.#welcome!.signIn!;
  }
  get asksShortCode(): boolean {
    return this.#welcome!.confirm === "sas";
  }
  get wishes(): Locality {
    return this.nearness;
  }
  get shortCode(): string {
    return this.envelope!.keys!.shortCode;
  }
  get lifeMs(): number {
    return Math.max(0, this.#joinedAt + consentMs - this.platform.now());
  }

  /** Goes there, shakes hands with the site's page, and reads what it asks. */
  async start(destination: Destination): Promise<void> {
    this.obey(this.settings.signal);
    this.#destination = destination;
    this.after("join", joinMs, () => this.end(new LinkError("signaling_unreachable", { detail: "the server does not answer" })));
    await this.prepare();
    const { app } = this.settings;
    this.envelope = await destination.begin({ t: "hello", v: peerVersion, fp: this.fingerprint, app });
    const key = newKey();
    this.#token = await joinToken(key, this.requestId);
    const joined = parseJoined(await this.insistently(() => this.rest.call("POST", `${linkPath(this.requestId)}/join`, { frame: { n: 0, d: this.envelope!.hello }, key })));
    if (this.ended) throw await this.closed;
    this.cancel("join");
    this.#joinedAt = this.platform.now();
    this.#opener = joined.origin;
    try {
      this.configure(joined.iceServers);
    } catch (cause) {
      // The code is used up: whoever shows it need not wait. A site that is met again can be.
      this.after("reject", rejectMs, () => this.end(asLinkError(cause)));
      if (!destination.resumes) await this.#reject().catch(() => undefined);
      throw cause;
    }
    this.peer = this.connect("answers");
    this.signaling = this.#signal();
    this.signaling.first(this.envelope.hello); // the call brought it there
    if (destination.resumes) this.signaling.release();
    this.after("expiry", welcomeMs, () => this.end(this.#silence()));
    await this.#welcomed.wait();
    if (!destination.resumes) this.after("expiry", this.lifeMs + expiryGraceMs, () => this.end(new LinkError("link_expired")));
    this.#verified = destination.resumes?.verified ?? (await verifyOrigin(this.site.origin, this.settings.server, this.#opener, this.platform, this.over));
    if (this.ended) throw await this.closed;
  }

  #silence(): LinkError {
    // One that is met again may come back, to take the resumption over.
    if (this.resuming) return new LinkError("peer_lost");
    if (!this.signaling?.attached) return new LinkError("signaling_unreachable");
    return new LinkError("timed_out", { detail: "the site's page does not answer; is it still open?" });
  }

  #signal(): Signaling {
    const url = this.settings.server.replace(/^http/, "ws") + pathSocket;
    return new Signaling(this.platform, { url, requestId: this.requestId, side: "wallet", bearer: () => this.#token }, {
      ...this.hears(),
      subscribed: () => {
        this.#refusals = 0;
        this.attached();
      },
      claimed: () => undefined,
      rotated: async () => undefined, // the claim brings the next token
      refused: () => this.#refused(),
    });
  }

  /** Finds out why the server refused a socket, which a browser does not say. */
  async #refused(): Promise<void> {
    try {
      await this.rest.session();
    } catch (cause) {
      const error = asLinkError(cause);
      const gone = error.code === "session_required" || error.code === "session_rotated";
      if (gone && (this.#claiming || ++this.#refusals < lostSessionProbes)) return;
      if (!error.retryable) throw error;
    }
  }

  // --- what the site says ---

  protected async receive(message: SiteMessage): Promise<void> {
    if (!this.#welcome) {
      if (message.t !== "welcome") throw new LinkError("invalid_peer", { detail: "the site does not say welcome" });
      return this.#greeted(message);
    }
    // To look up a name would tell that somebody reads this.
    if (!this.#agreed) throw new LinkError("invalid_peer", { detail: "the site goes on before the person has agreed" });
    switch (message.t) {
      case "offer":
        return this.#offered(message.sdp);
      case "ice":
        return this.peer!.candidate(message);
      default:
        throw new LinkError("invalid_peer", { detail: `the site must not say ${message.t} now` });
    }
  }

  /** Looks at what the site asks, and prepares as much of the connection as can be
   * while the person thinks. */
  async #greeted(welcome: Welcome): Promise<void> {
    if (!this.resuming) checkSignIn(welcome.site, welcome.signIn, this.platform.date());
    this.peer!.expect(welcome.fp);
    this.#answer = await this.peer!.offered(welcome.sdp);
    this.#welcome = welcome;
    this.#welcomed.set(welcome);
  }

  async #offered(offer: string): Promise<void> {
    const sdp = await this.peer!.offered(offer);
    this.say(async () => void this.signaling!.send(await this.envelope!.seal({ t: "answer", sdp })));
    await this.peer!.commit(); // its candidates come after it
  }

  // --- what the person decides ---

  /** The whole text that would be signed. */
  text({ chain, address }: WalletAccount): string {
    const { chains, ...asked } = this.signIn;
    if (!chains.includes(chain)) throw new LinkError("invalid_peer", { detail: "the site takes no account of this chain" });
    try {
      return signInText({ ...asked, chain, address, channel: this.channelId!, resources: [] });
    } catch (cause) {
      throw new LinkError("invalid_peer", { detail: "the site asks for what cannot be signed", cause });
    }
  }

  /** Signs, claims the link, and lets the two connect. */
  approve(signer: Signer, signal: AbortSignal | undefined): Promise<void> {
    return this.#decide(signal, async () => {
      if (!this.#verified && !this.settings.allowUnverified) {
        throw new LinkError("origin_denied", { detail: "the site's origin is not verified: whoever made this code may be anybody, and would be signed in as you at the site that it names" });
      }
      const proof = await this.#sign(signer, signal);
      if (this.ended) throw await this.closed;
      this.#agreed = true;
      const account = `${proof.chain}:${proof.address}`;
      const assurance = this.#verified ? "sealed+origin" : "sealed";
      await this.#keep(account, assurance);
      if (this.ended) throw await this.closed;
      await this.#claim(proof);
      this.#account = account;
      this.meet(assurance);
      this.#accepted.set();
      this.signaling!.follow(parseAccount(account)!.address);
      this.signaling!.hurry(); // with the token that is due now
    });
  }

  /** Tells the site that the person said no. */
  reject(): Promise<void> {
    const rejected = this.#decide(undefined, async () => {
      this.after("reject", rejectMs, () => this.end(new LinkError("user_rejected")));
      await this.insistently(() => this.#reject()).catch((cause: unknown) => {
        const { code } = asLinkError(cause);
        if (code !== "user_rejected" && code !== "canceled") throw cause; // the answer to an earlier attempt was lost
      });
      this.end(new LinkError("user_rejected"));
    });
    return rejected.catch((error: LinkError) => {
      if (error.code !== "user_rejected") throw error; // that is what was wanted
    });
  }

  #reject(): Promise<unknown> {
    return this.rest.call("POST", `${linkPath(this.requestId)}/reject`);
  }

  /** Meets the site of an earlier pairing: there is nothing to ask. */
  async resume(): Promise<void> {
    const { account, assurance } = this.#destination.resumes!;
    this.#agreed = true;
    await this.#keep(account, assurance);
    this.say(async () => this.signaling!.send(await this.envelope!.seal({ t: "answer", sdp: this.#answer, verified: this.#verified })));
    await this.peer!.commit(); // its candidates come after it
    this.#account = account;
    this.#showCode();
    this.meet(assurance);
    await this.opened();
  }

  /** Does what the person has decided, once. The end of the link ends it, and so does
   * the signal. */
  async #decide(signal: AbortSignal | undefined, work: () => Promise<void>): Promise<void> {
    if (this.#answered) throw new LinkError("link_closed", { detail: "this request was answered before" });
    this.#answered = true;
    const stop = () => this.end(abortError(signal!));
    try {
      if (this.ended) throw await this.closed; // nobody need be asked for a signature
      if (signal?.aborted) throw abortError(signal);
      signal?.addEventListener("abort", stop, { once: true });
      await Promise.race([work(), this.closed.then((reason) => Promise.reject(reason))]);
    } catch (cause) {
      const error = asLinkError(cause);
      this.forget();
      this.end(error, error.code);
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async #sign(signer: Signer, signal: AbortSignal | undefined): Promise<Proof> {
    const text = this.text(signer);
    const proof = await signer.sign(text, signal && { signal });
    if (proof.message !== text || proof.chain !== signer.chain || proof.address !== signer.address) {
      throw new LinkError("internal", { detail: "the signer signed something else" });
    }
    return proof;
  }

  /** Posts the claim, with the answer. */
  async #claim(proof: Proof): Promise<void> {
    const answer = await this.#frame({ t: "answer", sdp: this.#answer, proof, verified: this.#verified });
    await this.peer!.commit(); // its candidates come after it, and leave when the claim was accepted
    this.#showCode();
    const key = newKey();
    const body = { nonce: this.signIn.nonce, proof, answer, key, ...(this.#holds && { held: true }), ...(this.#verified && { verified: true }) };
    const successor = await successorToken(this.#token, key);
    this.#claiming = true;
    await this.insistently(() => this.rest.call("POST", linkPath(this.requestId), body));
    this.#claiming = false;
    this.#token = successor;
  }

  /** Seals the next frame, which goes by a call. */
  #frame(message: WalletMessage): Promise<Frame> {
    return new Promise((resolve) => this.say(async () => resolve(this.signaling!.first(await this.envelope!.seal(message)))));
  }

  /** Whether the claim signs nobody in yet: the wallet measures, and may ask its
   * person, when the two are connected. Until then a page may be anywhere. */
  get #holds(): boolean {
    return !this.resuming && (this.nearness === "prefer" || this.nearness === "require");
  }

  #showCode(): void {
    if (this.asksShortCode || this.nearness === "prefer") this.emit({ type: "code", shortCode: this.shortCode });
  }

  // --- the gate ---

  protected override get nearness(): Locality {
    return stricter(this.settings.locality, this.#welcome!.locality);
  }

  protected override async insist(report: LocalityReport): Promise<boolean> {
    return this.settings.confirmRemote?.(report) ?? false;
  }

  /** A claim that was held counts now. No channel opens for one that does not. */
  protected async checked(): Promise<void> {
    if (!this.resuming) await this.#accepted.wait();
    if (this.#holds) await this.insistently(() => this.rest.call("POST", `${linkPath(this.requestId)}/release`));
  }

  /** The site has the new resumption, too. */
  protected handedOver(): void {
    const { resumes } = this.#destination;
    if (resumes) void this.#remove(resumes.pairing, this.#kept?.id);
  }

  protected get met(): boolean {
    return this.#account !== "";
  }

  // --- what can be resumed ---

  protected get resuming(): boolean {
    return this.#destination?.resumes !== undefined;
  }

  /** Keeps what resumes this pairing. What it replaces stays until the site is known
   * to have the new one as well. */
  async #keep(account: string, assurance: Assurance): Promise<void> {
    const { resumes } = this.#destination;
    const { pairings } = this.platform;
    const { resume = 0, locality } = this.#welcome!;
    if (resume <= 0 || !this.settings.keeps) return;
    const resumption = this.envelope!.keys!.resumption;
    const kept: KeptPairing = {
      ...resumption,
      from: resumes?.id ?? "",
      pairing: resumes?.pairing ?? resumption.id,
      server: this.settings.server,
      site: this.site,
      verified: this.#verified,
      account,
      assurance,
      locality,
      expiresAt: this.platform.date() + resume * 1000,
    };
    try {
      if (!resumes && (await pairings.use(kept.pairing))) this.#using = kept.pairing;
      await pairings.put(kept);
      this.#kept = kept;
    } catch (cause) {
      if (asLinkError(cause).code === "resumption_unknown") throw cause; // the person has forgotten it
      // A browser that keeps nothing needs a code the next time.
    }
    if (!this.ended || resumes) return;
    // It was neither kept nor in use when the end came.
    this.forget();
    this.release();
  }

  /** What came of this attempt for the next one. */
  get next(): KeptPairing | undefined {
    return this.#kept;
  }

  protected get kept(): string[] {
    return [this.#destination?.resumes?.id ?? "", this.#kept?.id ?? ""].filter(Boolean);
  }

  protected forget(): void {
    const pairing = this.#destination?.resumes?.pairing ?? this.#kept?.pairing;
    this.#kept = undefined;
    if (pairing !== undefined) void this.#remove(pairing);
  }

  /** Forgets what there is of a pairing, save one: there is more than this link knows of
   * where the two were cut off before. */
  async #remove(pairing: string, but = ""): Promise<void> {
    const { pairings } = this.platform;
    try {
      const gone = (await versionsOf(pairing, pairings)).filter(({ id }) => id !== but);
      await pairings.remove(...gone.map(({ id }) => id));
    } catch {
      // It is over with time.
    }
  }

  protected release(): void {
    if (this.#using) this.platform.pairings.release(this.#using);
    this.#using = "";
  }

  protected abandon(reason: LinkError): void {
    this.#welcomed.fail(reason);
    this.#accepted.fail(reason);
  }

  /** Only the site's side offers: this one can see to it that it is heard. */
  protected restart(): void {
    this.signaling!.hurry();
  }
}
