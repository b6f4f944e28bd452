import type { Code } from "./codes.gen.ts";
import { LinkError } from "./errors.ts";
import { isAnswerError, type Answer, type AnswerError } from "./jsonrpc.ts";

const maxDetailChars = 200;

/** What the numbers of spec/protocol.md §8.1 are here, and what a person can do. */
const meanings = new Map<number, readonly [code: Code, remedy?: string]>([
  [-32600, ["invalid_message"]],
  [-32601, ["unsupported_version", "The other side cannot do that. Update its app, or use another one."]],
  [-32602, ["invalid_message"]],
  [-32603, ["internal", "It went wrong at the other side. Look there before you try again."]],
  [-32000, ["overloaded"]],
  [-32001, ["peer_lost", "It was begun at the other side and may have been done. Look there before you ask again."]],
  [4001, ["user_rejected", "It was declined at the other side. Ask again if that was a mistake."]],
]);

/** The error for a request that was not carried out: asking rejects with it, and a handler
 * throws it to answer with just that. Its cause is what the answer says. Its code is by the
 * number: -32600 and -32602 "invalid_message", -32601 "unsupported_version", -32000
 * "overloaded", -32001 "peer_lost", 4001 "user_rejected", all others "internal". Its
 * remedy is never the other side's words. */
export function refusal(error: AnswerError): LinkError {
  const [code, remedy = ""] = meanings.get(error.code) ?? ["internal", "The other side did not do it. Look there for the reason."];
  return new LinkError(code, { detail: `the answer is ${error.code}: ${error.message.slice(0, maxDetailChars)}`, remedy, cause: error });
}

/** What the other side answered, if that is why something failed. */
export function refusalOf(thrown: unknown): AnswerError | undefined {
  return thrown instanceof LinkError && isAnswerError(thrown.cause) ? thrown.cause : undefined;
}

/** The result of an answer; throws the {@link refusal} that is there instead of one. */
export function resultOf({ result, error }: Answer): unknown {
  if (error) throw refusal(error);
  return result;
}

const numbers = new Map<Code, number>([["invalid_message", -32602], ["overloaded", -32000], ["user_rejected", 4001]]);

/** What is answered if a handler throws that. Whatever it did not mean for the other side
 * stays here. */
export function answerErrorOf(thrown: unknown): AnswerError {
  const meant = refusalOf(thrown);
  if (meant) return meant;
  const code = thrown instanceof LinkError ? numbers.get(thrown.code) : undefined;
  return code === undefined ? { code: -32603, message: "it went wrong here" } : { code, message: (thrown as LinkError).message };
}
