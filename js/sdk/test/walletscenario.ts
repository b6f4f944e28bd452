// A wallet under test between a server and a site that the test plays.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import type { WalletEvent } from "../src/events.ts";
import { Pairings, type KeptPairing } from "../src/pairings.ts";
import type { Proof } from "../src/proof.ts";
import { readLink, resumeWallet, type WalletLink, type WalletOptions, type WalletPlatform, type WalletRequest } from "../src/wallet.ts";
import { answerPings, Channel, Connection, description } from "./connection.ts";
import { newLink, ofResumption, Responder, Signer } from "./initiator.ts";
import { until, walletFingerprint } from "./scenario.ts";
import { World, type Answer } from "./world.ts";

export { settle, until, walletFingerprint } from "./scenario.ts";

export const host = "auth.example.com";
export const server = `https://${host}`;
export const requestId = "4f1c9b0e-0000-4000-8000-000000000000";
export const site = { name: "Example", origin: "https://example.com" };
const started = Date.parse("2026-11-22T10:00:00Z");

const der = Buffer.from("the certificate of the site");
/** Its fingerprint. */
export const siteFingerprint = createHash("sha256").update(der).digest("hex");

/** What the site asks for. */
export const signIn = {
  domain: "example.com", uri: "https://example.com/login", statement: "Hello.", nonce: "0123456789abcdefABCDEF",
  issuedAt: "2026-11-22T10:00:00Z", expirationTime: "2026-11-22T10:05:00Z", chains: ["did:key"],
};

/** A request that the wallet made of the server. */
export interface Call {
  readonly method: string;
  readonly path: string;
  /** As it was sent. */
  readonly text: string;
  readonly body: Record<string, unknown>;
  /** The token that it shows. */
  readonly token: string;
  readonly credentials: string | undefined;
}

/** The account of the wallet's person, and what it was asked to sign. */
export class Account extends Signer {
  readonly asked: string[] = [];

  override sign(text: string): Proof {
    this.asked.push(text);
    return super.sign(text);
  }

  /** The same for the SDK. */
  get signer() {
    return { chain: this.chain, address: this.address, sign: async (text: string) => this.sign(text) };
  }
}

/** HMAC of spec/protocol.md §6.1. */
export function token(key: string, label: string, text: string): string {
  return createHmac("sha256", key).update(`liaison/1 ${label}\0${text}`).digest("base64url");
}

/** How the site's answer to the wallet's hello is made. */
export type Changed = Record<string, unknown> | ((welcome: Record<string, unknown>) => string);

export class WalletScenario {
  readonly world: World;
  readonly platform: WalletPlatform;
  readonly calls: Call[] = [];
  /** What was asked of others than the server. */
  readonly elsewhere: string[] = [];
  readonly events: WalletEvent[] = [];
  readonly connections: Connection[] = [];
  readonly subprotocols: string[][] = [];
  readonly account = new Account();
  requestId = requestId;
  site!: Responder;
  hello!: Record<string, unknown>;
  request!: WalletRequest;
  link!: WalletLink;
  /** The wallet's first answer. */
  answered!: Record<string, unknown>;
  /** Origin of the page that opened the link, as the server says. */
  opener: string | undefined = site.origin;
  /** What the server names. */
  iceServers: RTCIceServer[] = [];
  /** What the site's origin says of its servers. */
  wellKnown: () => Answer | Promise<Answer> = () => [200, { brokers: [host] }];
  /** Answers a call in place of the server. */
  instead: (call: Call) => Answer | Promise<Answer> | "usual" = () => "usual";

  constructor(world = new World(), pairings = new Pairings(() => started + world.time)) {
    this.world = world;
    this.platform = {
      ...world.platform,
      pairings,
      date: () => started + world.time,
      certificate: async () => ({ getFingerprints: () => [{ algorithm: "sha-256", value: walletFingerprint.match(/../g)!.join(":") }] }) as unknown as RTCCertificate,
      peer: (config) => {
        const connection = new Connection(config, walletFingerprint);
        connection.certificate = der;
        this.connections.push(connection);
        return connection as unknown as RTCPeerConnection;
      },
      socket: (url, subprotocols) => {
        this.subprotocols.push(subprotocols);
        return world.platform.socket(url, subprotocols);
      },
      fetch: (url, init) => this.#fetch(url, init),
    };
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
  get pairings(): Pairings {
    return this.platform.pairings as Pairings;
  }

  options(more: WalletOptions = {}): WalletOptions {
    return { platform: this.platform, app: "Test/1", onEvent: (event) => this.events.push(event), ...more };
  }

  /** All events of a kind. */
  all<T extends WalletEvent["type"]>(type: T): Extract<WalletEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<WalletEvent, { type: T }> => event.type === type);
  }

  /** Calls of one method and path. */
  asked(method: string, end: string): Call[] {
    return this.calls.filter((call) => call.method === method && call.path.endsWith(end));
  }

  /** The claims that were made. */
  get claims(): Call[] {
    return this.asked("POST", `/v1/links/${this.requestId}`);
  }

  // --- the server ---

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const answer = await Promise.race([this.#answer(url, init), aborted(init.signal)]);
    if (!answer) throw new TypeError("no network in this world");
    return new Response(answer[1] === undefined ? null : typeof answer[1] === "string" ? answer[1] : JSON.stringify(answer[1]), { status: answer[0] });
  }

  async #answer(url: string, { method = "GET", body, headers, credentials }: RequestInit): Promise<Answer> {
    if (!url.startsWith(`${server}/`)) {
      this.elsewhere.push(url);
      return this.wellKnown();
    }
    const text = body === undefined ? "" : String(body);
    const bearer = (headers as Record<string, string>).Authorization ?? "";
    const call: Call = { method, path: url.slice(server.length), text, body: text ? JSON.parse(text) : {}, token: bearer.replace(/^Bearer /, ""), credentials };
    this.calls.push(call);
    const instead = await this.instead(call);
    return instead === "usual" ? this.#usual(call) : instead;
  }

  #usual({ method, path }: Call): Answer {
    const of = `/v1/links/${this.requestId}`;
    if (method === "POST" && path === `${of}/join`) return [200, { origin: this.opener, iceServers: this.iceServers, expiresAt: "2026-11-22T10:03:00Z" }];
    if (method === "POST" && path === of) return [200, {}];
    if (method === "POST" && (path === `${of}/release` || path === `${of}/reject`)) return [204];
    if (method === "GET" && path === `${of}/network`) return [200, { network: "same-address" }];
    if (method === "GET" && path === "/v1/session") return [200, {}];
    return [404, { code: "no_route" }];
  }

  /** The socket opens, and the subscription is confirmed. */
  attach(topic = "join"): void {
    this.world.socket.open();
    this.say({ op: "subscribed", topic });
  }

  /** Says something on the socket. */
  say(message: Record<string, unknown>): void {
    this.world.socket.say({ requestId: this.requestId, ...message });
  }

  /** Passes on a frame of the site. */
  frame(n: number, d: string, topic = "join"): void {
    this.say({ op: "frame", topic, n, d });
  }

  /** What the wallet sent through the server since the last call, unsealed. */
  heard(): Record<string, unknown>[] {
    return this.world.socket.heard().map((m) => (m.op === "send" && m.n !== 0 ? { ...m, d: JSON.parse(this.site.open(String(m.d))) } : m));
  }

  // --- the site ---

  /** Begins to read a link of the site. The promise is whatever comes of it. */
  begin(options: WalletOptions = {}): Promise<WalletRequest> {
    const { uri, site } = newLink(host, this.requestId);
    this.site = site;
    const reading = readLink(uri, this.options(options));
    reading.catch(() => undefined); // whoever waits for it is told
    return reading;
  }

  /** Begins to resume a pairing, under the resumption that the site has. */
  meet(pairing: string, has: { id: string; secret: Uint8Array }, options: WalletOptions = {}): Promise<WalletLink> {
    this.requestId = has.id;
    this.site = new Responder(ofResumption(has));
    const meeting = resumeWallet({ pairing }, this.options(options));
    meeting.catch(() => undefined);
    return meeting;
  }

  /** The wallet has joined and its socket is open. */
  async joined(): Promise<void> {
    const sockets = this.world.sockets.length;
    await until(() => this.world.sockets[sockets] ?? (this.world.sockets.at(-1)?.readyState === 0 || undefined), "socket");
    this.attach();
  }

  /** The site's frame 0 for the wallet's hello. */
  answer(changed: Changed = {}): string {
    const join = this.asked("POST", `${this.requestId}/join`).at(-1)!;
    this.hello = JSON.parse(this.site.read(String((join.body.frame as Record<string, unknown>).d))) as Record<string, unknown>;
    const resumes = this.requestId !== requestId;
    const welcome = {
      t: "welcome", v: 1, fp: siteFingerprint, sdp: description(siteFingerprint), site, ...(!resumes && { signIn }),
      confirm: "none", locality: "off", resume: 3600,
    };
    return this.site.answer(typeof changed === "function" ? changed(welcome) : JSON.stringify({ ...welcome, ...changed }));
  }

  /** A request that the person can be asked about. */
  static async read(options: WalletOptions = {}, changed: Changed = {}): Promise<WalletScenario> {
    const s = new WalletScenario();
    await s.read(options, changed);
    return s;
  }

  async read(options: WalletOptions = {}, changed: Changed = {}): Promise<void> {
    const reading = this.begin(options);
    await this.joined();
    this.frame(0, this.answer(changed));
    this.request = await reading;
  }

  /** Seals a message of the site. */
  seal(message: unknown): string {
    return this.site.seal(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The person says yes, the server accepts the claim, and the site reads the answer. */
  async agree(): Promise<void> {
    this.link = await this.request.approve(this.account.signer);
    this.answered = this.readAnswer();
    this.say({ op: "subscribed", topic: `offer-${this.account.address}`, next: 2 });
  }

  /** The site reads the answer in the claim. */
  readAnswer(): Record<string, unknown> {
    return JSON.parse(this.site.open(String((this.claims[0]!.body.answer as Record<string, unknown>).d))) as Record<string, unknown>;
  }

  /** The path is there, and the site's channels. */
  connect(): void {
    this.connection.ice("connected");
    for (const label of ["liaison.control", "liaison"]) {
      const channel = new Channel(label);
      this.connection.channels.push(channel);
      this.connection.announce(channel);
      channel.open();
    }
  }

  /** What the wallet said on the control channel so far. */
  get told(): Record<string, unknown>[] {
    return this.control.told;
  }

  /** Answers pings from now on, each so many milliseconds after it was sent. */
  answerPings(ms = 1): () => void {
    return answerPings(this, (nonce) => this.site.pong("site", nonce), ms);
  }

  /** Both sides are connected and say ok. */
  async open(): Promise<void> {
    this.connect();
    await until(() => this.told.find(({ t }) => t === "ok"), "ok of the wallet");
    this.control.say('{"t":"ok"}');
    await until(() => this.all("open")[0], "open channel");
  }

  /** The whole way. */
  static async whole(options: WalletOptions = {}, changed: Changed = {}): Promise<WalletScenario> {
    const s = await WalletScenario.read(options, changed);
    await s.agree();
    await s.open();
    return s;
  }

  /** The same browser later. */
  later(): WalletScenario {
    return new WalletScenario(this.world, this.pairings);
  }

  /** What is kept, the newest first. */
  kept(): Promise<KeptPairing[]> {
    return this.pairings.all();
  }

  /** The code with which the link ended. */
  async ended(): Promise<string> {
    return (await until(() => this.all("closed")[0], "end")).reason.code;
  }

  /** Fails if anything left the device that must not before its person agreed. */
  assertSilent(): void {
    assert.deepEqual(this.account.asked, [], "the account was asked to sign");
    assert.deepEqual(this.claims, [], "the link was claimed");
    for (const connection of this.connections) assert.equal(connection.localDescription, undefined, "addresses were looked for");
    for (const connection of this.connections) assert.deepEqual(connection.added, [], "an address of the site was tried");
    const said = this.world.sockets.flatMap((socket) => socket.heard());
    assert.deepEqual(said.filter(({ op }) => !["subscribe", "ack", "close"].includes(String(op))), [], "something was sent");
    for (const { text } of this.calls) assert.doesNotMatch(text, /candidate|192\.0\.2/);
  }

  /** Fails if something is left of what is over. */
  assertOver(): void {
    this.world.pass(0); // an acknowledgement is put off to the end of the turn
    assert.equal(this.world.pending, 0, "timers or listeners are left");
    for (const connection of this.connections) assert.equal(connection.over, true, "a connection is left");
  }
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
