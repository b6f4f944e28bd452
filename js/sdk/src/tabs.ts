// Several tabs of one site share one link: one of them holds it, the others see all
// that happens and send through it. If that one is closed, crashes or is frozen, the
// next takes its place and meets the wallet again without a scan.
//
//	const shared = shareSite({ onState: (state) => render(state), onMessage: console.log });
//	await shared.send("hello");
//	const answer = await shared.request({ method: "echo", params: ["hello"] });

import type { Assurance } from "./assurance.ts";
import type { Code } from "./codes.gen.ts";
import { asLinkError, LinkError } from "./errors.ts";
import type { LinkEvent } from "./events.ts";
import type { Confirmation } from "./gate.ts";
import { parseText, type Answer, type Question } from "./jsonrpc.ts";
import { Latch } from "./latch.ts";
import { passing } from "./passing.ts";
import type { Path } from "./path.ts";
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
  /** Why it is over. */
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
  /** Hears everything that happens, in the tab that holds the link. */
  readonly onEvent?: (event: LinkEvent) => void;
}

/** This tab's share of the link. */
export interface SharedSite {
  /** How far the link has come, as it is now. */
  readonly state: SharedState;
  /** Whether this tab holds the link. */
  readonly leads: boolean;
  /** Makes a code, if there is none and no wallet. */
  connect(): void;
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
  /** This tab shares no longer; another one takes the link over. */
  leave(): void;
}

/** What tabs say to each other. An error crosses as its code and detail. */
type Word =
  | { t: "who" }
  | { t: "state"; leader: string; state: Plain }
  | { t: "message"; text: string }
  | { t: "connect" | "close" }
  | { t: "call"; id: string; from: string; method: "send" | "confirm"; text: string }
  | { t: "done"; id: string; value?: Confirmation; error?: { code: Code; detail: string } };

type Plain = Omit<SharedState, "reason"> & { reason: { code: Code; detail: string } | undefined };

const idle: SharedState = {
  phase: "idle", uri: "", site: undefined, until: undefined, account: undefined, assurance: undefined, path: undefined, left: undefined, reason: undefined,
};

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

class Tab implements SharedSite {
  readonly #options: ShareOptions;
  readonly #id = newKey();
  readonly #channel: BroadcastChannel;
  readonly #lock: string;
  readonly #left = new AbortController();
  /** What this tab has asked of the one that leads, and was not answered yet. */
  readonly #calls = new Map<string, Call>();
  /** What this tab has asked of the wallet. */
  readonly #requests = new Map<string, { text: string; sent: boolean; answer: Latch<Answer> }>();
  #state = idle;
  #opened = new Latch<void>(); // of this opening; replaced with the next
  #leader = "";
  #link: SiteLink | undefined;
  #wanted: Latch<void> | undefined; // a code is
  #handOver: (() => void) | undefined; // ends this tab's lead
  readonly #taken = new Set<string>(); // calls that this tab has carried out
  #queued = false;
  #company = false; // there are other tabs
  #paired = false; // there is a wallet that can be met again
  #wish = false; // this tab wants a code, and nobody leads yet

  constructor(options: ShareOptions) {
    this.#options = options;
    const { server = location.origin, confirm = "none", locality = "report", legacy = "warn", candidates = "host" } = options;
    const shared = [new URL(server).origin, confirm, locality, legacy, candidates].join(" ");
    this.#lock = `liaison lead ${shared}`;
    this.#channel = new BroadcastChannel(`liaison ${shared}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Word);
    const { signal } = this.#left;
    addEventListener("pagehide", () => this.#handOver?.(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#queue(), { signal });
    document.addEventListener("freeze", () => this.#frozen(), { signal });
    document.addEventListener("resume", () => this.#say({ t: "who" }), { signal });
    // As long as this is held, the tab is there: the browser sees to that.
    navigator.locks.request(this.#presence + this.#id, { signal }, () => new Promise((resolve) => signal.addEventListener("abort", resolve))).catch(() => undefined);
    this.#say({ t: "who" });
    this.#queue();
  }

  get state(): SharedState {
    return this.#state;
  }

  get leads(): boolean {
    return this.#handOver !== undefined;
  }

  connect(): void {
    if (this.leads) return this.#want();
    this.#wish = this.#leader === "";
    this.#say({ t: "connect" });
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
    const request = { text: JSON.stringify({ jsonrpc: "2.0", id, method, params }), sent: false, answer: new Latch<Answer>() };
    this.#requests.set(id, request);
    try {
      await this.send(request.text, options);
      request.sent = true;
      return await request.answer.wait(options.signal);
    } finally {
      this.#requests.delete(id);
    }
  }

  close(): void {
    if (this.leads) this.#link?.close();
    else this.#say({ t: "close" });
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
      this.#link?.suspend();
      end.abort(new LinkError("canceled"));
    };
    this.#leader = this.#id;
    this.#publish({ ...idle, phase: "starting" });
    this.#repeat();
    void this.#look();
    const looking = setInterval(() => void this.#look(), companyMs);
    try {
      await this.#serve(end.signal);
    } finally {
      clearInterval(looking);
      this.#handOver = undefined;
      this.#link = undefined;
    }
  }

  /** Holds one link after another. */
  async #serve(signal: AbortSignal): Promise<void> {
    this.#wanted = new Latch();
    if (this.#wish || (this.#options.auto ?? true)) this.#wanted.set();
    this.#wish = false;
    for (let lost = 0; !signal.aborted; ) {
      this.#publish({ ...idle, phase: "starting" });
      this.#paired = false;
      const reason = await this.#hold(signal).catch((cause: unknown) => asLinkError(cause));
      if (signal.aborted) return;
      // A wallet that there was may come back, and so may the server.
      if (this.#paired && passing.has(reason.code)) {
        await pause(againMs[Math.min(lost++, againMs.length - 1)]!, signal);
        continue;
      }
      lost = 0;
      this.#publish({ ...idle, phase: "over", reason });
      this.#wanted = new Latch();
      await this.#wanted.wait(signal).catch(() => undefined);
    }
  }

  /** Holds one link until it is over, and resolves with the reason. */
  async #hold(signal: AbortSignal): Promise<LinkError> {
    const options: SiteOptions = { ...this.#options, signal, onEvent: (event) => this.#happened(event) };
    let link = await resumeSite(options).catch((cause: unknown) => {
      this.#paired = true; // else nothing would have been asked of anybody
      throw cause;
    });
    this.#paired = link !== undefined;
    if (!link) {
      this.#publish(idle);
      await this.#wanted!.wait(signal);
      link = await connectSite(options);
    }
    this.#link = link;
    const { uri, site, lifeMs, resumes } = link;
    this.#publish({ ...idle, phase: resumes ? "resuming" : "waiting", uri, site, account: resumes?.account, until: lifeMs < Infinity ? Date.now() + lifeMs : undefined });
    link.displayed();
    const reason = await link.closed;
    this.#link = undefined;
    return reason;
  }

  #want(): void {
    this.#wanted?.set();
  }

  #happened(event: LinkEvent): void {
    this.#options.onEvent?.(event);
    const now = this.#state;
    switch (event.type) {
      case "joined":
        return this.#publish({ ...now, phase: "joined", uri: "", until: Date.now() + event.lifeMs });
      case "linked":
        return this.#publish({ ...now, phase: "connecting", uri: "", until: undefined, account: event.account, assurance: event.assurance });
      case "code":
        return this.#publish({ ...now, phase: "code", left: event.left });
      case "open":
        this.#paired = true;
        return this.#publish({ ...now, phase: "open", left: undefined });
      case "path":
        return this.#publish({ ...now, path: event.path });
      case "message":
        this.#say({ t: "message", text: event.data });
        return this.#received(event.data);
    }
  }

  /** Tells all tabs how far the link has come. */
  #publish(state: SharedState): void {
    this.#changed(state);
    const { reason } = state;
    this.#say({ t: "state", leader: this.#id, state: { ...state, reason: reason && { code: reason.code, detail: reason.detail } } });
  }

  /** Carries out what a tab asks for, once. */
  async #carryOut({ id, method, text }: Call["word"]): Promise<void> {
    if (this.#taken.has(id)) return;
    this.#taken.add(id);
    for (const old of this.#taken) {
      if (this.#taken.size <= mostTaken) break;
      this.#taken.delete(old);
    }
    try {
      if (method === "send") await this.#opened.wait(this.#left.signal);
      if (!this.#link) throw new LinkError("channel_closed");
      const value = method === "confirm" ? await this.#link.confirm(text) : this.#link.send(text);
      this.#answered({ t: "done", id, ...(value && { value }) });
    } catch (cause) {
      const { code, detail } = asLinkError(cause);
      this.#answered({ t: "done", id, error: { code, detail } });
    }
  }

  #answered(word: Extract<Word, { t: "done" }>): void {
    this.#say(word);
    this.#done(word);
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
        return this.#publish(this.#state);
      case "state": {
        if (this.leads) return;
        const { reason } = word.state;
        this.#changed({ ...word.state, reason: reason && new LinkError(reason.code, { detail: reason.detail }) });
        if (this.#leader === word.leader) return;
        this.#leader = word.leader;
        if (this.#wish) this.connect();
        return this.#repeat();
      }
      case "message":
        return this.#received(word.text);
      case "connect":
        if (this.leads) this.#want();
        return;
      case "close":
        if (this.leads) this.#link?.close();
        return;
      case "call":
        if (this.leads) void this.#carryOut(word);
        return;
      case "done":
        return this.#done(word);
    }
  }

  #changed(state: SharedState): void {
    const before = this.#state.phase;
    this.#state = state;
    if (state.phase === "open") {
      this.#opened.set();
      if (before !== "open") this.#askAgain();
    } else if (before === "open") this.#opened = new Latch();
    // Whoever takes this code is another wallet.
    if (state.phase === "waiting") for (const { sent, answer } of this.#requests.values()) if (sent) answer.fail(new LinkError("peer_lost"));
    if (state.phase === "over") {
      this.#opened.fail(state.reason!);
      this.#opened = new Latch();
      for (const { answer } of this.#requests.values()) answer.fail(state.reason!);
    }
    this.#options.onState?.(state);
  }

  /** A text of the wallet: an answer is for the tab that asked, all else for all. */
  #received(text: string): void {
    const parsed = parseText(text);
    if (parsed.kind === "answer") this.#requests.get(parsed.message.id)?.answer.set(parsed.message);
    else if (parsed.kind === "malformed" && parsed.message.of === "answer") this.#requests.get(parsed.message.id as string)?.answer.fail(new LinkError("invalid_peer", { detail: parsed.message.why }));
    else this.#options.onMessage?.(text);
  }

  /** Asks the tab that leads, or the next one if that is gone before it answers. */
  async #call(method: "send" | "confirm", text: string, { signal }: WaitOptions): Promise<Confirmation | undefined> {
    const id = newKey();
    const call: Call = { word: { t: "call", id, from: this.#id, method, text }, done: new Latch() };
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
    for (const { text, sent } of this.#requests.values()) {
      if (sent) this.#call("send", text, {}).catch(() => undefined); // whoever waits has his own signal
    }
  }

  #done({ id, value, error }: Extract<Word, { t: "done" }>): void {
    const done = this.#calls.get(id)?.done;
    if (error) done?.fail(new LinkError(error.code, { detail: error.detail }));
    else done?.set(value);
  }

  #say(word: Word): void {
    if (!this.#left.signal.aborted) this.#channel.postMessage(word);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const wait = new Latch<void>();
  const timer = setTimeout(() => wait.set(), ms);
  await wait.wait(signal).catch(() => undefined);
  clearTimeout(timer);
}
