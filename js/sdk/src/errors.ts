import { codeTable, type Code } from "./codes.gen.ts";

/** What is known of a failure besides its code. */
export interface LinkErrorOptions {
  /** What was wrong this time, for a developer. */
  detail?: string;
  /** What to do next, if the server said it; else the code's own remedy. */
  remedy?: string;
  /** The id of the request in the server's log. */
  instance?: string;
  /** What made it fail, if another error did. */
  cause?: unknown;
}

/** The one kind of error of this package. A caller that gave up and a person
 * who said no are codes, too: "canceled", "user_rejected". */
export class LinkError extends Error {
  /** "LinkError". */
  override readonly name = "LinkError";
  /** One of the closed set of spec/errors.md. */
  readonly code: Code;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** One sentence for a person: what to do next. */
  readonly remedy: string;
  /** What was wrong this time, for a developer; may be empty. */
  readonly detail: string;
  /** The id of the request in the server's log, if there was one. */
  readonly instance: string | undefined;

  constructor(code: Code, options: LinkErrorOptions = {}) {
    const { detail = "", remedy, instance, cause } = options;
    super(detail ? `${code}: ${detail}` : code, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = codeTable[code].retryable;
    this.remedy = remedy || codeTable[code].remedy;
    this.detail = detail;
    this.instance = instance;
  }
}

/** What an "ice_failed" says where a relay must be used, and the server names none. */
export const noRelay = "the server names no relay";

/** Whether s is a code that this version knows. */
export function isCode(s: unknown): s is Code {
  return typeof s === "string" && Object.hasOwn(codeTable, s);
}

/** The code for s. A newer server may have codes that this version does not
 * know; what they mean for the caller is in the error's text. */
export function codeOf(s: unknown, unknown: Code = "internal"): Code {
  return isCode(s) ? s : unknown;
}

/** Wraps whatever was thrown; a LinkError stays as it is. */
export function asLinkError(cause: unknown, code: Code = "internal"): LinkError {
  if (cause instanceof LinkError) return cause;
  return new LinkError(code, { detail: cause instanceof Error ? cause.message : String(cause), cause });
}

/** The error for a WebSocket close code; undefined for one that is not ours. */
export function closeError(close: number): LinkError | undefined {
  for (const [code, info] of Object.entries(codeTable)) {
    if (info.close === close) return new LinkError(code as Code);
  }
  // The ranges hold for codes of the future (spec/errors.md).
  if (close >= 4500 && close < 5000) return new LinkError("link_closed", { detail: `closed with ${close}` });
  return undefined;
}
