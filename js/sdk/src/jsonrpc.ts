// The messages of JSON-RPC 2.0 on the channel, spec/protocol.md §8.1, told from the
// texts that are for people.

/** What is asked for, or told. */
export interface Question {
  /** Names it: 1 to 128 printable characters of ASCII, without a space. */
  readonly method: string;
  /** What the method needs to know, by name or in order. */
  readonly params?: Readonly<Record<string, unknown>> | readonly unknown[];
}

/** A {@link Question} that wants an answer. */
export interface Request extends Question {
  /** The version of JSON-RPC. */
  readonly jsonrpc: "2.0";
  /** Written as a method is; nobody has used it before. */
  readonly id: string;
}

/** The answer to a {@link Request}: a result, or an error. */
export interface Answer {
  /** The version of JSON-RPC. */
  readonly jsonrpc: "2.0";
  /** That of the request. */
  readonly id: string;
  /** What came of it; absent where there is an error. */
  readonly result?: unknown;
  /** Why nothing came of it; absent where there is a result. */
  readonly error?: AnswerError;
}

/** Why a request was not carried out. */
export interface AnswerError {
  /** A whole number; spec/protocol.md §8.1 has those that mean something to everybody. */
  readonly code: number;
  /** For a developer. It is the other side's: show it to nobody as one's own words. */
  readonly message: string;
  /** Whatever else there is to say. */
  readonly data?: unknown;
}

/** What a text of the channel is: a "text" for people, or whatever the application makes
 * of it; a message; a "batch" of several, which nobody carries out; or a message that
 * must not be. */
export type Parsed =
  | Message<"text" | "batch", undefined>
  | Message<"request", Request>
  | Message<"notification", Question>
  | Message<"answer", Answer>
  | Message<"malformed", Malformed>;

/** A message of one kind. */
export interface Message<Kind extends string, Content> {
  /** Which it is. */
  readonly kind: Kind;
  /** What it says. */
  readonly message: Content;
}

/** What is known of a message that must not be. */
export interface Malformed {
  /** What it would have been. */
  readonly of: "request" | "answer";
  /** Whose it is, if that can be told. */
  readonly id: string | number | undefined;
  /** What is wrong with it, for a developer. */
  readonly why: string;
}

const name = /^[!-~]{1,128}$/;

/** Tells what a text is. It never throws. */
export function parseText(text: string): Parsed {
  const value = /^\s*[[{]/.test(text) ? parseJSON(text) : undefined;
  if (isMessage(value)) return parseMessage(value);
  return { kind: Array.isArray(value) && value.some(isMessage) ? "batch" : "text", message: undefined };
}

function parseMessage(m: Record<string, unknown>): Parsed {
  const { jsonrpc, id, method, params, result, error } = m;
  const of = !("method" in m) && ("result" in m || "error" in m) ? "answer" : "request";
  const malformed = (why: string): Parsed => ({ kind: "malformed", message: { of, why, id: isName(id) || Number.isFinite(id) ? (id as string | number) : undefined } });
  if (jsonrpc !== "2.0") return malformed("jsonrpc must be 2.0");
  if (!isName(id) && (of === "answer" || "id" in m)) return malformed("an id is a text of 1 to 128 printable characters");
  if (of === "answer") {
    if ("result" in m && "error" in m) return malformed("an answer has a result or an error");
    if ("result" in m) return { kind: "answer", message: { jsonrpc, id: id as string, result } };
    return isAnswerError(error) ? { kind: "answer", message: { jsonrpc, id: id as string, error } } : malformed("an error has a whole number as its code, and a message");
  }
  if (!isName(method)) return malformed("a method is a text of 1 to 128 printable characters");
  if ("params" in m && (typeof params !== "object" || params === null)) return malformed("params are an object or an array");
  const question = { method, ...("params" in m && { params: params as NonNullable<Question["params"]> }) };
  return "id" in m ? { kind: "request", message: { jsonrpc, id: id as string, ...question } } : { kind: "notification", message: question };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && name.test(value);
}

/** Whether that is an error as an answer has one, and none that was thrown: a
 * DOMException has a number, too. */
export function isAnswerError(value: unknown): value is AnswerError {
  const { code, message } = (value ?? {}) as Partial<AnswerError>;
  return !(value instanceof Error) && Number.isInteger(code) && typeof message === "string";
}

function isMessage(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "jsonrpc" in value;
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
