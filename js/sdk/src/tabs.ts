// Several tabs of one site share one link: one of them holds it, the others see all
// that happens and send through it. If that one is closed, crashes or is frozen, the
// next takes its place and meets the wallet again without a scan.
//
//	const shared = shareSite({ onState: (state) => render(state), onMessage: console.log });
//	await shared.send("hello");
//	const answer = await shared.request({ method: "echo", params: ["hello"] });

import type { Assurance } from "./assurance.ts";
import type { Code } from "./codes.gen.ts";
import { asLinkError, LinkError, type LinkErrorOptions } from "./errors.ts";
import type { LinkEvent } from "./events.ts";
import type { Confirmation } from "./gate.ts";
import { parseText, type Answer, type Question } from "./jsonrpc.ts";
import { abortError, Latch } from "./latch.ts";
import { passes } from "./passing.ts";
import type { Path } from "./path.ts";
import { browserPlatform, type Platform } from "./platform.ts";
import { serverOf } from "./rest.ts";
import { newKey } from "./session.ts";
import { connectSite, resumeSite, type SiteLink, type SiteOptions, type WaitOptions } from "./site.ts";
import type { Site } from "./wire.ts";

export type { Answer, AnswerError, Question, Request } from "./jsonrpc.ts";

/** How far a shared link has come: "idle" before anybody wants one, "resuming" while an
 * earlier wallet is waited for, "waiting" while a code is on display, "joined" while its
 * person is asked, "code" while the six digits are to be typed, "connecting", "open", and
 * "over" with the reason. */
export type SharedPhase = "idle" | "starting" | "resuming" | "waiting" | "joined" | "code" | "connecting" | "open" | "over";

/** What all tabs know of the link. */
export interface SharedState {
  /** How far it has come. */
  readonly phase: SharedPhase;
  /** What the QR code must show; empty unless a wallet is waited for. It is secret. */
  readonly uri: string;
  /** How the site is presented to the wallet; undefined before there is a link. */
  readonly site: Site | undefined;
  /** Whether it is an earlier wallet that is met again, without a code. */
  readonly resumes: boolean;
  /** Names the wallet: the same on each link that resumes one another. Undefined before it
   * is known which one it is. */
  readonly peer: string | undefined;
  /** When the code or the question ends, in milliseconds since 1970. */
  readonly until: number | undefined;
  /** The account that signed in (CAIP-10). */
  readonly account: string | undefined;
  /** How far it can be trusted that the account is the wallet's. */
  readonly assurance: Assurance | undefined;
  /** The direct path, once it is known. */
  readonly path: Path | undefined;
  /** How many tries of the short code are left. */
  readonly left: number | undefined;
  /** Why it is over; while it is "resuming", why the last try was. */
  readonly reason: LinkError | undefined;
}

/** How to share a link. */
export interface ShareOptions extends Omit<SiteOptions, "signal" | "onEvent"> {
  /** Whether a code is made as soon as there is no wallet to be met again; by default it
   * is. Without it, one is made when a tab calls connect. */
  readonly auto?: boolean;
  /** Hears each new state. It must not throw. */
  readonly onState?: (state: SharedState) => void;
  /** Hears each text of the wallet, in every tab, but for answers to requests. */
  readonly onMessage?: (text: string) => void;
  /** Hears everything that happens, in every tab, but for answers to requests; after
   * the state that comes of it. A tab that comes later hears what has happened on the
   * link before, without texts, and of what changes only how it is now. */
  readonly onEvent?: (event: LinkEvent) => void;
}

/** How to have a code made. */
export interface CodeOptions {
  /** In the place of whatever link there is, and of an earlier wallet that is waited for. */
  readonly fresh?: boolean;
  /** Only if it is over: whoever asks may not know yet what has come after that. */
  readonly renews?: boolean;
}

/** This tab's share of the link. */
export interface SharedSite {
  /** How far the link has come, as it is now. */
  readonly state: SharedState;
  /** Whether this tab holds the link. */
  readonly leads: boolean;
  /** The link itself, in the tab that holds it. */
  readonly link: SiteLink | undefined;
  /** Meets an earlier wallet again or else makes a code, if neither is there. */
  connect(options?: CodeOptions): void;
  /** Takes what the person typed after the phase "code", in any tab. */
  confirm(code: string, options?: WaitOptions): Promise<Confirmation>;
  /** Sends a text to the wallet, waiting for the channel to be open. It resolves when the
   * channel has the text. If the tab that holds the link crashes at that moment, the text
   * may be lost with it, or come twice: see request. */
  send(text: string, options?: WaitOptions): Promise<void>;
  /** Asks the wallet: the message gets an id, and the answer with that id comes back to
   * this tab and to no other, whichever holds the link by then. If that changes before the
   * answer is there, it is asked again: a wallet that gets an id twice does what it asks for
   * once, and gives the same answer. resultOf of the entry for requests makes a result of the
   * answer, or an error. Rejects with "invalid_peer" for an answer that is none, with
   * "peer_lost" if another wallet comes in the place of the one that was asked, and with the
   * reason when the link is over. */
  request(question: Question, options?: WaitOptions): Promise<Answer>;
  /** Says goodbye and ends the link, for all tabs. */
  close(): void;
  /** Leaves the wallet without a goodbye, for all tabs: connect meets it again. */
  suspend(): void;
  /** This tab shares no longer; another one takes the link over. */
  leave(): void;
}

/** What tabs say to each other. The one that leads numbers its states and its events, so
 * that nobody takes one twice. */
type Word =
  | { t: "who" }
  | { t: "state"; leader: string; n: number; state: Packed; told?: readonly Told[] }
  | { t: "event"; leader: string; told: Told }
  | { t: "message"; event: Text }
  | { t: "connect"; fresh: boolean; renews: boolean }
  | { t: "close" | "suspend" }
  | { t: "call"; id: string; from: string; method: "send" | "confirm"; text: string; peer?: string }
  | { t: "done"; id: string; outcome: Packed };

type Text = Extract<LinkEvent, { type: "message" }>;
/** What became of a call. */
interface Outcome {
  readonly value?: Confirmation | undefined;
  readonly error?: LinkError;
}
/** An event, and which one it is of its leader's. */
interface Told {
  readonly n: number;
  readonly event: Packed;
}
/** What crosses from tab to tab. */
interface Packed {
  readonly [field: string]: unknown;
}

const idle: SharedState = {
  phase: "idle", uri: "", site: undefined, resumes: false, peer: undefined, until: undefined, account: undefined, assurance: undefined, path: undefined, left: undefined, reason: undefined,
};
const starting: SharedState = { ...idle, phase: "starting" };

const againMs = [0, 300, 1_000, 2_000, 5_000];

// So many calls are remembered by the tab that leads, to carry out none twice.
const mostTaken = 4096;
const companyMs = 2_000;

/** Shares one link with all tabs of this site that call it with the same server, and ask
 * the same of a wallet: a link is never shared with a tab that asks for more. */
export function shareSite(options: ShareOptions = {}): SharedSite {
  return new Tab(options);
}

interface Call {
  readonly word: Extract<Word, { t: "call" }>;
  readonly done: Latch<Confirmation | undefined>;
}

interface Asked {
  readonly text: string;
  readonly answer: Latch<Answer>;
  /** Who was asked, or is about to be; nobody else is. */
  peer: string | undefined;
  sent: boolean;
}

class Tab implements SharedSite {
  readonly #options: ShareOptions;
  readonly #id = newKey();
  readonly #channel: BroadcastChannel;
  readonly #lock: string;
  readonly #left = new AbortController();
  /** What this tab has asked of the one that leads, and was not answered yet. */
  readonly #calls = new Map<string, Call>();
  /** What this tab has asked of the wallet. */
  readonly #requests = new Map<string, Asked>();
  #state = idle;
  #opened = new Latch<void>(); // of this opening; replaced with the next
  #leader = "";
  #states = 0; // of the leader's, how many this tab has
  #events = 0;
  #queued = false;
  #wish: CodeOptions | undefined; // this tab wants a code, and nobody leads yet
  // While this tab leads:
  readonly #platform: Platform; // one, so that what a link has given up the next can take
  #link: SiteLink | undefined; // also when it is over, to be forgotten
  #holding = new AbortController(); // ends what is held
  #handOver: (() => void) | undefined; // ends this tab's lead
  readonly #told = new Map<string, Told>(); // on this link, the last of each kind
  readonly #taken = new Set<string>(); // calls that this tab has carried out
  #wanted: Latch<void> | undefined; // no code is made before a tab wants one
  #fresh = false; // a code is wanted in the place of what there is
  #company = false; // there are other tabs
  #paired = true; // there is a wallet that can be met again, as far as is known
  #closes = false; // before there was a link that could be closed
  #failed = 0; // tries in a row

  constructor(options: ShareOptions) {
    this.#options = options;
    this.#platform = options.platform ?? browserPlatform();
    const { server = location.origin, confirm = "none", locality = "report", legacy = "warn", candidates = "host" } = options;
    const shared = [new URL(server).origin, confirm, locality, legacy, candidates].join(" ");
    this.#lock = `liaison lead ${shared}`;
    this.#channel = new BroadcastChannel(`liaison ${shared}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Word);
    const { signal } = this.#left;
    addEventListener("pagehide", () => this.#handOver?.(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#begin(), { signal });
    document.addEventListener("freeze", () => this.#frozen(), { signal });
    document.addEventListener("resume", () => this.#say({ t: "who" }), { signal });
    // As long as this is held, the tab is there: the browser sees to that.
    navigator.locks.request(this.#presence + this.#id, { signal }, () => new Promise((resolve) => signal.addEventListener("abort", resolve))).catch(() => undefined);
    this.#begin();
  }

  get state(): SharedState {
    return this.#state;
  }

  get leads(): boolean {
    return this.#handOver !== undefined;
  }

  get link(): SiteLink | undefined {
    return this.#link;
  }

  connect({ fresh = false, renews = false }: CodeOptions = {}): void {
    if (this.leads) this.#want(fresh, renews);
    else if (this.#leader === "") this.#wish = { fresh };
    else this.#say({ t: "connect", fresh, renews });
  }

  async confirm(code: string, options: WaitOptions = {}): Promise<Confirmation> {
    return (await this.#call("confirm", code, options))!;
  }

  async send(text: string, options: WaitOptions = {}): Promise<void> {
    await this.#opened.wait(options.signal);
    await this.#call("send", text, options);
  }

  async request({ method, params }: Question, options: WaitOptions = {}): Promise<Answer> {
    const id = newKey();
    const request: Asked = { text: JSON.stringify({ jsonrpc: "2.0", id, method, params }), answer: new Latch(), peer: undefined, sent: false };
    this.#requests.set(id, request);
    try {
      while (this.#state.phase !== "open") await this.#opened.wait(options.signal);
      request.peer = this.#state.peer;
      await this.#call("send", request.text, options, request.peer);
      request.sent = true;
      return await request.answer.wait(options.signal);
    } finally {
      this.#requests.delete(id);
    }
  }

  close(): void {
    if (this.leads) this.#end("close");
    else this.#say({ t: "close" });
  }

  suspend(): void {
    if (this.leads) this.#end("suspend");
    else this.#say({ t: "suspend" });
  }

  leave(): void {
    this.#handOver?.();
    this.#left.abort(new LinkError("canceled"));
    this.#channel.close();
    const over = new LinkError("canceled");
    for (const { done } of this.#calls.values()) done.fail(over);
    for (const { answer } of this.#requests.values()) answer.fail(over);
    this.#opened.fail(over);
  }

  /** Hears how it is, also after a time in which nothing was heard, and stands in line. */
  #begin(): void {
    this.#say({ t: "who" });
    this.#queue();
  }

  // --- leading ---

  /** Waits for its turn to hold the link, and holds it until it hands it over. */
  #queue(): void {
    const { signal } = this.#left;
    if (this.#queued || signal.aborted) return;
    this.#queued = true;
    const lead = async () => {
      this.#queued = false;
      if (!signal.aborted) await this.#lead();
    };
    navigator.locks.request(this.#lock, { signal }, lead).catch(() => undefined); // this tab has left
  }

  async #lead(): Promise<void> {
    const end = new AbortController();
    this.#handOver = () => {
      this.#handOver = undefined;
      end.abort();
      this.#end("suspend");
    };
    this.#leader = this.#id;
    this.#told.clear();
    this.#states++;
    this.#tell([]);
    const serving = this.#serve(end.signal);
    this.#repeat();
    void this.#look();
    const looking = setInterval(() => void this.#look(), companyMs);
    try {
      await serving;
    } finally {
      clearInterval(looking);
      this.#handOver = this.#link = undefined;
    }
  }

  /** Holds one link after another. */
  async #serve(end: AbortSignal): Promise<void> {
    let met = this.#state.account !== undefined; // by the tab that led before
    let lost: LinkError | undefined;
    this.#fresh = this.#wish?.fresh ?? false;
    this.#wanted = this.#wish || (this.#options.auto ?? true) ? undefined : new Latch();
    this.#wish = undefined;
    if (this.#state.phase === "over") await this.#rest(this.#state, end);
    while (!end.aborted) {
      this.#holding = new AbortController();
      const { account, site, peer } = this.#state;
      this.#publish(met ? { ...idle, phase: "resuming", resumes: true, account, site, peer, reason: lost } : starting);
      const reason = await this.#hold(this.#holding.signal, lost).catch((cause: unknown) => asLinkError(cause));
      if (this.#closes && this.#paired) await this.#forget();
      this.#closes = false;
      if (end.aborted) return;
      // A wallet that there was may come back, and so may the server.
      lost = this.#paired && !this.#fresh && passes(reason) ? reason : undefined;
      met = lost !== undefined;
      if (!met && !(this.#fresh && this.#holding.signal.aborted)) await this.#rest({ ...idle, phase: "over", reason }, end);
    }
  }

  /** It is over, until a tab wants a code. */
  async #rest(state: SharedState, end: AbortSignal): Promise<void> {
    this.#fresh = false;
    this.#failed = 0;
    this.#told.clear(); // a tab that comes now must not hear that it is open
    const wanted = (this.#wanted = new Latch<void>());
    this.#publish(state); // whoever hears it may want one at once
    await wanted.wait(end).catch(() => undefined);
  }

  /** Holds one link until it is over, and resolves with the reason. After a wallet was
   * lost only that one will do. */
  async #hold(signal: AbortSignal, lost: LinkError | undefined): Promise<LinkError> {
    this.#link = undefined; // what is closed from now on is what comes
    if (lost) await pause(againMs[Math.min(this.#failed++, againMs.length - 1)]!, signal);
    const options: SiteOptions = { ...this.#options, platform: this.#platform, signal, onEvent: (event) => this.#happened(event) };
    this.#told.clear();
    this.#paired = false;
    let link: SiteLink | undefined;
    if (!this.#fresh) {
      link = await resumeSite(options).catch((cause: unknown) => {
        this.#paired = true; // else nothing would have been asked of anybody
        throw cause;
      });
    }
    this.#paired = link !== undefined;
    if (!link) {
      if (lost) return lost;
      const wanted = this.#wanted;
      if (wanted) {
        this.#publish(idle);
        await wanted.wait(signal);
      }
      if (this.#state.phase !== "starting") this.#publish(starting);
      link = await connectSite(options);
    }
    this.#fresh = false;
    this.#link = link;
    const { uri, site, lifeMs, resumes, pairing: peer } = link;
    const until = lifeMs < Infinity ? Date.now() + lifeMs : undefined;
    this.#publish({ ...idle, phase: resumes ? "resuming" : "waiting", uri, site, resumes: resumes !== undefined, peer, account: resumes?.account, until });
    link.displayed();
    return link.closed;
  }

  #want(fresh: boolean, renews: boolean): void {
    if (renews && this.#state.phase !== "over") return;
    // Several tabs may ask for one.
    if (fresh && !this.#fresh) {
      this.#fresh = true;
      this.#end("suspend");
    }
    this.#wanted?.set();
    this.#wanted = undefined;
  }

  #end(how: "close" | "suspend"): void {
    if (how === "close") {
      if (this.#link) this.#link.close();
      else if (this.#state.phase === "over") void this.#forget();
      else this.#closes = true; // nobody else takes the pairing while this tab may use it
    }
    this.#holding.abort(new LinkError("canceled"));
  }

  /** Forgets the wallet that would have been met. */
  async #forget(): Promise<void> {
    if (this.#link) return this.#link.close(); // it came after all
    const { resumptions } = this.#platform;
    const kept = await resumptions.take(serverOf(this.#options)).catch(() => undefined);
    if (!kept) return;
    await resumptions.remove(kept.id).catch(() => undefined);
    resumptions.release(kept.id);
  }

  #happened(event: LinkEvent): void {
    if (event.type === "message") {
      this.#say({ t: "message", event });
      return this.#received(event);
    }
    const state = this.#after(event);
    if (state && this.leads) this.#publish(state);
    const told = { n: ++this.#events, event: pack(event) };
    const kind = event.type === "arrow" ? `arrow ${event.arrow}` : event.type;
    this.#told.delete(kind); // what changes stands where it changed last
    this.#told.set(kind, told);
    this.#say({ t: "event", leader: this.#id, told });
    this.#options.onEvent?.(event);
  }

  /** The state that comes of an event, if it changes. */
  #after(event: LinkEvent): SharedState | undefined {
    const now = this.#state;
    switch (event.type) {
      case "joined":
        return { ...now, phase: "joined", uri: "", until: Date.now() + event.lifeMs };
      case "linked":
        return { ...now, phase: "connecting", uri: "", until: undefined, account: event.account, assurance: event.assurance };
      case "code":
        return { ...now, phase: "code", left: event.left };
      case "open":
        this.#paired = true;
        this.#failed = 0;
        return { ...now, phase: "open", peer: this.#link!.pairing ?? this.#link!.requestId, left: undefined };
      case "path":
        return { ...now, path: event.path };
      default:
        return undefined;
    }
  }

  /** Tells all tabs how far the link has come. */
  #publish(state: SharedState): void {
    this.#states++;
    this.#changed(state);
    this.#tell();
  }

  #tell(told?: readonly Told[]): void {
    this.#say({ t: "state", leader: this.#id, n: this.#states, state: pack(this.#state), ...(told && { told }) });
  }

  /** Carries out what a tab asks for, once. */
  async #carryOut({ id, method, text, peer }: Call["word"]): Promise<void> {
    if (this.#taken.has(id)) return;
    this.#taken.add(id);
    for (const old of this.#taken) {
      if (this.#taken.size <= mostTaken) break;
      this.#taken.delete(old);
    }
    let outcome: Outcome;
    try {
      outcome = { value: await this.#do(method, text, peer) };
    } catch (cause) {
      outcome = { error: asLinkError(cause) };
    }
    this.#say({ t: "done", id, outcome: pack(outcome) });
    this.#done(id, outcome);
  }

  async #do(method: Call["word"]["method"], text: string, peer: string | undefined): Promise<Confirmation | undefined> {
    if (method === "send") await this.#opened.wait(this.#left.signal);
    if (!this.#link) throw new LinkError("channel_closed");
    if (peer !== undefined && peer !== this.#state.peer) throw new LinkError("peer_lost");
    if (method === "send") return void this.#link.send(text);
    const { right, left } = await this.#link.confirm(text);
    if (this.#state.phase === "code") this.#publish({ ...this.#state, phase: right ? "connecting" : "code", left });
    return { right, left };
  }

  /** A page that is frozen can do nothing for the others. Alone, it keeps the channel,
   * in which everything waits for it. There is no time to find out who is there. */
  #frozen(): void {
    if (!this.leads || !this.#company) return;
    this.#handOver!();
    this.#queue();
  }

  get #presence(): string {
    return `${this.#lock} tab `;
  }

  /** Finds out whether there are other tabs. */
  async #look(): Promise<void> {
    const { held = [] } = await navigator.locks.query();
    this.#company = held.some(({ name = "" }) => name.startsWith(this.#presence) && name !== this.#presence + this.#id);
  }

  // --- every tab ---

  #hear(word: Word): void {
    switch (word.t) {
      case "who":
        if (!this.leads) return;
        this.#company = true;
        return this.#tell([...this.#told.values()]);
      case "state":
        return this.#follow(word);
      case "event":
        if (word.leader === this.#leader) this.#heard(word.told);
        return;
      case "message":
        return this.#received(word.event);
      case "connect":
        if (this.leads) this.#want(word.fresh, word.renews);
        return;
      case "close":
      case "suspend":
        if (this.leads) this.#end(word.t);
        return;
      case "call":
        if (this.leads) void this.#carryOut(word);
        return;
      case "done":
        return this.#done(word.id, unpack(word.outcome));
    }
  }

  #follow({ leader, n, state, told }: Extract<Word, { t: "state" }>): void {
    const another = this.#leader !== leader;
    // Of a tab that leads, all is taken that it has told, or nothing yet.
    if (this.leads || (another && !told)) return;
    if (another) this.#states = this.#events = 0;
    this.#leader = leader;
    if (n > this.#states) {
      this.#states = n;
      this.#changed(unpack(state));
    }
    for (const each of told ?? []) this.#heard(each);
    if (!another) return;
    if (this.#wish) this.connect(this.#wish);
    this.#wish = undefined;
    this.#repeat();
  }

  /** Takes an event of the tab that leads. */
  #heard({ n, event }: Told): void {
    if (this.leads || n <= this.#events) return;
    this.#events = n;
    this.#options.onEvent?.(unpack(event));
  }

  #changed(state: SharedState): void {
    const before = this.#state.phase;
    this.#state = state;
    // Another wallet is asked nothing of this, and whoever takes a code is another one.
    for (const { peer, sent, answer } of this.#requests.values()) {
      if (sent && (state.phase === "waiting" || (state.peer ?? peer) !== peer)) answer.fail(new LinkError("peer_lost"));
    }
    if (state.phase === "open") {
      this.#opened.set();
      if (before !== "open") this.#askAgain();
    } else if (before === "open") this.#opened = new Latch();
    if (state.phase === "over") {
      this.#opened.fail(state.reason!);
      this.#opened = new Latch();
      for (const { answer } of this.#requests.values()) answer.fail(state.reason!);
    }
    this.#options.onState?.(state);
  }

  /** A text of the wallet: an answer is for the tab that asked, all else for all. */
  #received(event: Text): void {
    const parsed = parseText(event.data);
    if (parsed.kind === "answer") return this.#requests.get(parsed.message.id)?.answer.set(parsed.message);
    if (parsed.kind === "malformed" && parsed.message.of === "answer") {
      return this.#requests.get(parsed.message.id as string)?.answer.fail(new LinkError("invalid_peer", { detail: parsed.message.why }));
    }
    this.#options.onMessage?.(event.data);
    this.#options.onEvent?.(event);
  }

  /** Asks the tab that leads, or the next one if that is gone before it answers. */
  async #call(method: "send" | "confirm", text: string, { signal }: WaitOptions, peer?: string): Promise<Confirmation | undefined> {
    if (signal?.aborted) throw abortError(signal);
    const id = newKey();
    const call: Call = { word: { t: "call", id, from: this.#id, method, text, ...(peer !== undefined && { peer }) }, done: new Latch() };
    this.#calls.set(id, call);
    this.#ask(call);
    try {
      return await call.done.wait(signal);
    } finally {
      this.#calls.delete(id);
    }
  }

  #ask({ word }: Call): void {
    if (this.leads) void this.#carryOut(word);
    else this.#say(word);
  }

  /** Another tab leads: texts that the one before has not sent are given to this one.
   * The short code was for the link that is gone. */
  #repeat(): void {
    for (const call of this.#calls.values()) {
      if (call.word.method === "send") this.#ask(call);
      else call.done.fail(new LinkError("link_closed", { detail: "another tab has taken over" }));
    }
  }

  /** The channel is another one: what was asked through the one before, and was not
   * answered, is asked again. */
  #askAgain(): void {
    for (const { text, peer, sent } of this.#requests.values()) {
      if (sent) this.#call("send", text, {}, peer).catch(() => undefined); // whoever waits has his own signal
    }
  }

  #done(id: string, { value, error }: Outcome): void {
    const done = this.#calls.get(id)?.done;
    if (error) done?.fail(error);
    else done?.set(value);
  }

  #say(word: Word): void {
    if (!this.#left.signal.aborted) this.#channel.postMessage(word);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const wait = new Latch<void>();
  const timer = setTimeout(() => wait.set(), ms);
  await wait.wait(signal).finally(() => clearTimeout(timer));
}

/** Makes ready what crosses: an error does so as what it is made of, since its copy would
 * be no LinkError. */
function pack(value: object): Packed {
  return Object.fromEntries(Object.entries(value).map(([field, of]: [string, unknown]) => [field, of instanceof LinkError ? { failed: of.code, detail: of.detail, remedy: of.remedy, instance: of.instance } : of]));
}

function unpack<T>(packed: Packed): T {
  return Object.fromEntries(Object.entries(packed).map(([field, of]) => [field, isFailure(of) ? new LinkError(of.failed, of) : of])) as T;
}

function isFailure(of: unknown): of is LinkErrorOptions & { readonly failed: Code } {
  return typeof of === "object" && of !== null && "failed" in of;
}
