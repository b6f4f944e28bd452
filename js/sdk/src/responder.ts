import { utf8 } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import type { LinkEvent, WalletEvent } from "./events.ts";
import { parseText, type AnswerError, type Question } from "./jsonrpc.ts";
import { maxChannelMessageBytes } from "./limits.gen.ts";
import { isSamePeer, Sender, type Channel } from "./sender.ts";
import { passing } from "./passing.ts";
import { answerErrorOf } from "./refusal.ts";

/** Carries out what a method asks for. What it returns is the result; what it throws
 * becomes an error: a {@link refusal} as it is, a LinkError "user_rejected",
 * "invalid_message" or "overloaded" under its number, and everything else one that says no
 * more than that it went wrong. */
export type Handler = (params: Question["params"], asked: Asked) => unknown;

/** What a {@link Handler} knows besides the params. */
export interface Asked {
  /** That of the request; undefined for a notification, whose result nobody gets. */
  readonly id: string | undefined;
  /** Aborted when nobody is left to be answered: take the question away. */
  readonly signal: AbortSignal;
}

/** Keeps what was answered for a page that is loaded anew: one text, which is bounded. It
 * must be that of one pairing alone. */
export interface AnswerMemory {
  /** What was written last, if there is anything. While it throws, requests are answered
   * with an error and not carried out. */
  read(): string | null | undefined;
  /** Keeps it. If it throws, the request is answered with an error and not carried out. */
  write(text: string): void;
}

/** How to answer. */
export interface ResponderOptions {
  /** What outlasts this page; by default nothing does. Without it, a page that is loaded
   * anew knows no request from before, and carries out once more what is asked again. */
  readonly memory?: AnswerMemory;
  /** Hears of a method that nobody handles, once for each id. It is answered in any case.
   * It must not throw. */
  readonly onUnknown?: (question: Question) => void;
}

const mostWorking = 64;
const mostIds = 1024;
// Of all answers together, in characters; the channel's largest has 64 Ki.
const mostKept = 262_144;

const unknown: AnswerError = { code: -32601, message: "there is no such method here" };
const busy: AnswerError = { code: -32000, message: "too much is being worked on here" };
const forgotten: AnswerError = { code: -32001, message: "that was begun before, and what came of it is not known" };
const unkept: AnswerError = { code: -32603, message: "that could not be noted here, and was not begun" };
const tooLarge: AnswerError = { code: -32603, message: "the answer is too large" };

/** Carries out a question, or says why not. */
type Work = AnswerError | ((asked: Asked) => Promise<unknown>);

/** Answers the other side, over one link and those that resume it. What carries an id is
 * carried out once, however often it comes, and has one answer. */
export class Responder {
  readonly #handlers: Readonly<Record<string, Handler>>;
  readonly #options: ResponderOptions;
  #link: Channel | undefined;
  #peer: Peer;

  /** Makes one that answers by these handlers, by method. */
  constructor(handlers: Readonly<Record<string, Handler>>, options: ResponderOptions = {}) {
    this.#handlers = handlers;
    this.#options = options;
    this.#peer = new Peer(options.memory);
  }

  /** Takes a link that was just made. If it resumes the one before, what could not be
   * answered there is answered here. Else whoever asked is gone, and with him what he
   * asked for. */
  use(link: Channel): void {
    if (link === this.#link) return;
    if (this.#link && !isSamePeer(this.#link, link)) {
      this.#peer.replace();
      this.#peer = new Peer(this.#options.memory);
    }
    const peer = this.#peer;
    this.#link = link;
    peer.use(link);
    void link.closed.then((reason) => link === this.#link && !passing.has(reason.code) && peer.leave(reason));
  }

  /** To be given each event of the link. Returns whether that was a request, or would
   * have been one, which is nothing for anybody else. */
  hear(event: LinkEvent | WalletEvent): boolean {
    const parsed = event.type === "message" ? parseText(event.data) : undefined;
    switch (parsed?.kind) {
      case "request":
        this.#peer.once(parsed.message.id, () => this.#work(parsed.message));
        return true;
      case "notification":
        void this.#peer.told(() => this.#work(parsed.message));
        return true;
      case "batch":
        this.#peer.refuse(null, "requests are taken one by one");
        return true;
      case "malformed": {
        const { of, id, why } = parsed.message;
        if (of === "answer") return false;
        if (typeof id === "string") this.#peer.once(id, () => ({ code: -32600, message: why }));
        else if (id !== undefined) this.#peer.refuse(id, why);
        return true;
      }
      default:
        return false;
    }
  }

  #work(question: Question): Work {
    const { method, params } = question;
    if (Object.hasOwn(this.#handlers, method)) return async (asked) => this.#handlers[method]!(params, asked);
    this.#options.onUnknown?.(question);
    return unknown;
  }
}

/** Whoever is at the other end, and what he was answered. */
class Peer {
  readonly #sender = new Sender(() => undefined, mostIds, mostKept);
  readonly #working = new Set<string>();
  #telling = 0;
  /** The texts of answers by id; empty for what was begun. */
  #answers = new Map<string, string>();
  /** Those of what is nothing to carry out, which is so at any time: no memory need have
   * them, nor do others give way to them. */
  readonly #refusals = new Map<string, string>();
  #memory: AnswerMemory | undefined;
  #stale = true; // what the memory holds may be newer
  #abort = new AbortController();

  constructor(memory: AnswerMemory | undefined) {
    this.#memory = memory;
  }

  use(link: Channel): void {
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    this.#stale = true;
    this.#sender.use(link);
  }

  leave(reason: LinkError): void {
    this.#abort.abort(reason);
  }

  /** Somebody else has come, whose the memory is now. */
  replace(): void {
    this.#memory = undefined;
    this.leave(new LinkError("peer_lost"));
  }

  /** Answers what has no id of its own. */
  refuse(id: number | null, message: string): void {
    this.#sender.put(`without an id of its own: ${id}`, failed(id, { code: -32600, message }));
  }

  /** Does what a notification says. Nobody waits for what comes of it, nor learns that there
   * were too many. */
  async told(begin: () => Work): Promise<void> {
    if (this.#telling >= mostWorking) return;
    const work = begin();
    if (typeof work !== "function") return;
    this.#telling++;
    await work({ id: undefined, signal: this.#abort.signal }).catch(() => undefined);
    this.#telling--;
  }

  /** Does what an id asks for, unless that was begun before. */
  once(id: string, begin: () => Work): void {
    const recalled = this.#recall();
    if (this.#working.has(id)) return; // its answer comes
    const known = this.#answers.get(id) ?? this.#refusals.get(id);
    if (known !== undefined) return this.#sender.put(id, known || failed(id, forgotten));
    if (!recalled) return this.#sender.put(id, failed(id, unkept)); // it may have been done
    const work = this.#working.size < mostWorking ? begin() : busy;
    if (typeof work !== "function") return this.#refuse(id, failed(id, work));
    if (!this.#note(id, "")) return this.#answer(id, failed(id, unkept));
    this.#working.add(id);
    void this.#carryOut(id, work, this.#abort.signal);
  }

  #refuse(id: string, text: string): void {
    this.#refusals.set(id, text);
    for (const oldest of this.#refusals.keys()) if (this.#refusals.size > mostIds) this.#refusals.delete(oldest);
    this.#sender.put(id, text);
  }

  async #carryOut(id: string, work: (asked: Asked) => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const text = await work({ id, signal }).then((result) => succeeded(id, result)).catch((thrown: unknown) => (signal.aborted ? undefined : failed(id, answerErrorOf(thrown))));
    this.#working.delete(id);
    // Of what broke off when the link ended nobody knows how far it came.
    if (text !== undefined) this.#answer(id, text);
  }

  #answer(id: string, text: string): void {
    this.#note(id, text);
    this.#sender.put(id, text);
  }

  /** Remembers, and returns whether the memory has it. */
  #note(id: string, text: string): boolean {
    const recalled = this.#recall();
    this.#answers.set(id, text);
    let kept = [...this.#answers.values()].reduce((sum, { length }) => sum + length, 0);
    for (const [old, { length }] of this.#answers) {
      if (kept <= mostKept) break;
      if (old !== id) this.#answers.set(old, "");
      kept -= length;
    }
    for (const old of this.#answers.keys()) {
      if (this.#answers.size <= mostIds) break;
      if (!this.#working.has(old)) this.#answers.delete(old);
    }
    if (!recalled) return false; // what it has is not known, and not to be lost
    try {
      this.#memory?.write(JSON.stringify([...this.#answers]));
      return true;
    } catch {
      return false;
    }
  }

  /** Takes in what the memory holds: another page may have answered meanwhile. Returns
   * whether it could be read. */
  #recall(): boolean {
    if (!this.#stale) return true;
    let text;
    try {
      text = this.#memory?.read();
    } catch {
      return false;
    }
    this.#stale = false;
    const stored = entriesOf(text);
    const own = [...this.#answers].filter(([id, text]) => text || !stored.has(id));
    this.#answers = new Map([...stored, ...own]);
    return true;
  }
}

/** What a text of the memory holds; one that was not written here holds nothing. */
function entriesOf(text: string | null | undefined): Map<string, string> {
  try {
    return new Map((JSON.parse(text ?? "[]") as [string, string][]).map(([id, answer]) => [String(id), String(answer)]));
  } catch {
    return new Map();
  }
}

function succeeded(id: string, result: unknown): string {
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result) ?? "null"}}`;
  return utf8(text).length > maxChannelMessageBytes ? failed(id, tooLarge) : text;
}

function failed(id: string | number | null, { code, message, data }: AnswerError): string {
  const write = (error: AnswerError) => JSON.stringify({ jsonrpc: "2.0", id, error });
  try {
    const text = write({ code, message, data });
    return utf8(text).length > maxChannelMessageBytes ? write(tooLarge) : text;
  } catch {
    return write({ code, message }); // its data is no JSON
  }
}
