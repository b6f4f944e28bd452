// A site under test between a server and a wallet that the test plays.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { LinkEvent } from "../src/events.ts";
import type { Welcome } from "../src/messages.ts";
import { connectSite, resumeSite, type SiteLink, type SiteOptions } from "../src/site.ts";
import { answerPings, Connection, description, type Channel } from "./connection.ts";
import { Initiator, ofLink, ofResumption, Signer, type Signed } from "./initiator.ts";
import { siteFingerprint, World, type Answer } from "./world.ts";

export const server = "https://auth.example.com";
export const requestId = "4f1c9b0e-0000-4000-8000-000000000000";
const site = { name: "Example", origin: "https://example.com" };

/** What the server answers to whoever opens a link. */
export const challenge = {
  requestId,
  link: `liquid://auth.example.com/?requestId=${requestId}`,
  expiresAt: "2026-11-22T10:02:00Z",
  site,
  signIn: {
    domain: "example.com", uri: "https://example.com/login", statement: "Hello.", nonce: "0123456789abcdefABCDEF",
    issuedAt: "2026-11-22T10:00:00Z", expirationTime: "2026-11-22T10:05:00Z", chains: ["did:key"],
  },
  iceServers: [{ urls: ["turn:relay.example.com"], username: "peer", credential: "secret" }],
};

/** A request that the site made. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

const der = Buffer.from("the certificate of the wallet");
/** Its fingerprint. */
export const walletFingerprint = createHash("sha256").update(der).digest("hex");

const threads = 4; // of Node's pool

/** Lets everything happen that does not need time to pass. */
export async function settle(): Promise<void> {
  // WebCrypto works on other threads, and one step may need several of its calls. What
  // waits for a thread there now is ahead of a call made here, however busy the machine.
  for (let i = 0; i < 40; i++) {
    await Promise.all(Array.from({ length: threads }, () => crypto.subtle.digest("SHA-256", new Uint8Array(1))));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Waits for what needs no time to pass. */
export async function until<T>(find: () => T | undefined, what: string): Promise<T> {
  for (let i = 0; i < 2_000; i++) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  throw new Error(`there is no ${what}`);
}

export class Scenario {
  readonly world: World;
  readonly calls: Call[] = [];
  readonly events: LinkEvent[] = [];
  readonly connections: Connection[] = [];
  readonly signer = new Signer();
  link!: SiteLink;
  wallet!: Initiator;
  welcome!: Welcome;
  /** Answers a call in place of the server. */
  instead: (call: Call) => Answer | "usual" | Promise<Answer | "usual"> = () => "usual";

  constructor(world = new World()) {
    this.world = world;
    world.peer = (config) => {
      const connection = new Connection(config, siteFingerprint);
      connection.certificate = der;
      this.connections.push(connection);
      return connection as unknown as RTCPeerConnection;
    };
    world.answer = async (method, path, body) => {
      const call = { method, path, body: body as Record<string, unknown> };
      this.calls.push(call);
      const instead = await this.instead(call);
      return instead === "usual" ? this.#usual(call) : instead;
    };
  }

  /** A link that waits for a wallet, with its socket open. */
  static async link(options: SiteOptions = {}): Promise<Scenario> {
    const scenario = new Scenario();
    scenario.link = await connectSite(scenario.options(options));
    scenario.wallet = new Initiator(ofLink(scenario.link.uri));
    scenario.attach();
    return scenario;
  }

  /** The same browser later, waiting for the wallet of an earlier pairing. */
  static async resumption(earlier: Scenario, options: SiteOptions = {}): Promise<Scenario> {
    const scenario = new Scenario(earlier.world);
    const link = await resumeSite(scenario.options(options));
    assert.ok(link, "there is nothing to resume");
    scenario.link = link;
    scenario.wallet = new Initiator(ofResumption(earlier.wallet.resumption));
    scenario.attach();
    return scenario;
  }

  options(more: SiteOptions): SiteOptions {
    return { server, platform: this.world.platform, onEvent: (event) => this.events.push(event), ...more };
  }

  get connection(): Connection {
    return this.connections.at(-1)!;
  }
  get control(): Channel {
    return this.connection.channel("liaison.control");
  }
  get channel(): Channel {
    return this.connection.channel("liaison");
  }

  /** All events of a kind. */
  all<T extends LinkEvent["type"]>(type: T): Extract<LinkEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<LinkEvent, { type: T }> => event.type === type);
  }

  get arrows(): number[] {
    return this.all("arrow").map(({ arrow }) => arrow);
  }

  /** Calls of one method and path. */
  asked(method: string, end: string): Call[] {
    return this.calls.filter((call) => call.method === method && call.path.endsWith(end));
  }

  // --- the server ---

  /** The socket opens, and the subscription is confirmed. */
  attach(topic = "link"): void {
    this.world.socket.open();
    this.say({ op: "subscribed", topic });
  }

  /** Says something on the socket. */
  say(message: Record<string, unknown>): void {
    this.world.socket.say({ requestId: this.link.requestId, ...message });
  }

  /** Passes on a frame of the wallet. */
  frame(n: number, d: string, topic = "link"): void {
    this.say({ op: "frame", topic, n, d });
  }

  /** Tells of a claim. */
  claim(proof: unknown, answer?: { n: number; d: string }, account = this.signer.account, held = false): void {
    this.say({ op: "link", account, proof, ...(answer && { answer }), ...(held && { held }) });
  }

  #usual({ method, path }: Call): Answer {
    if (method === "GET" && path === "/v1/challenge") return [200, challenge];
    if (method === "POST" && path === "/v1/resumptions") return [200, { iceServers: [] }];
    if (method === "POST" && path.endsWith("/offer")) return [204];
    if (method === "POST" && path === "/v1/session") return [200, {}];
    if (method === "GET" && path === "/v1/session") return [200, {}];
    if (method === "GET" && path.endsWith("/network")) return [200, { network: "same-address" }];
    return [404, { code: "no_route" }];
  }

  // --- the wallet ---

  /** Message 1 with some fields changed. */
  hello(changed: Record<string, unknown> = {}): string {
    return this.wallet.begin(JSON.stringify({ t: "hello", v: 1, fp: walletFingerprint, app: "Test/1", ...changed }));
  }

  /** The wallet joins, and reads what the site asks. */
  async join(): Promise<void> {
    this.frame(0, this.hello());
    const offer = await until(() => this.asked("POST", "/offer")[0], "offer");
    this.welcome = JSON.parse(this.wallet.finish(String(offer.body.d))) as Welcome;
    await until(() => this.arrows.includes(13) || undefined, "answer to the offer");
  }

  /** The proof that the site wants, with some fields of the text changed. */
  proof(changed: Signed = {}) {
    const { chains: _, ...asked } = this.welcome.signIn!;
    return this.signer.prove({ ...asked, resources: [], chain: "did:key", address: "", channel: this.wallet.channelId }, changed);
  }

  /** Seals a message of the wallet. */
  seal(message: unknown): string {
    return this.wallet.seal(JSON.stringify(message));
  }

  /** Message frame 1, with some fields changed. */
  answer(changed: Record<string, unknown> = {}): string {
    return this.seal({ t: "answer", sdp: description(walletFingerprint), verified: true, ...changed });
  }

  /** The person at the wallet says yes; the wallet may still have to check. */
  async agree({ held = false } = {}): Promise<void> {
    const proof = this.proof();
    this.claim(proof, { n: 1, d: this.answer({ proof }) }, this.signer.account, held);
    await until(() => this.connection.remoteDescription, "answer in force");
    this.say({ op: "subscribed", topic: `answer-${this.signer.address}` });
  }

  /** What the site sent through the server since the last call, unsealed but for
   * its message of the handshake. */
  heard(): Record<string, unknown>[] {
    return this.world.socket.heard().map((m) => (m.op === "send" && m.n !== 0 ? { ...m, d: JSON.parse(this.wallet.open(String(m.d))) } : m));
  }

  /** What the site said on the control channel so far. */
  get told(): Record<string, unknown>[] {
    return this.control.told;
  }

  /** Answers pings from now on, each so many milliseconds after it was sent. */
  answerPings(ms = 1): () => void {
    return answerPings(this, (nonce) => this.wallet.pong("wallet", nonce), ms);
  }

  /** Both sides are connected and say ok. */
  async open(): Promise<void> {
    this.connection.connect();
    await until(() => this.told.find(({ t }) => t === "ok"), "ok of the site");
    this.control.say('{"t":"ok"}');
    await until(() => this.all("open")[0], "open channel");
  }

  /** The whole way. */
  async whole(): Promise<void> {
    await this.join();
    if (this.welcome.signIn) await this.agree();
    else {
      this.frame(1, this.answer());
      await until(() => this.connection.remoteDescription, "answer in force");
    }
    await this.open();
  }

  /** The code with which the link ended. */
  async ended(): Promise<string> {
    return (await until(() => this.all("closed")[0], "end")).reason.code;
  }
}
