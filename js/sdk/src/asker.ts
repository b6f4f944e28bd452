import { asLinkError, LinkError } from "./errors.ts";
import type { LinkEvent, WalletEvent } from "./events.ts";
import { parseText, type Answer, type Question } from "./jsonrpc.ts";
import { abortError, Latch } from "./latch.ts";
import { isSamePeer, Sender, type Channel } from "./sender.ts";
import { passing } from "./passing.ts";
import { resultOf } from "./refusal.ts";
import { newKey } from "./session.ts";
import type { WaitOptions } from "./site.ts";

/** Asks the other side, over one link and those that resume it. */
export class Asker {
  /** What was not answered yet. */
  readonly #waiting = new Map<string, { readonly text: string; readonly answer: Latch<Answer> }>();
  readonly #sender = new Sender((id, error) => this.#waiting.get(id)?.answer.fail(error));
  #link: Channel | undefined;
  #over: LinkError | undefined;

  /** Takes a link that was just made. What was asked over the one before, and not
   * answered, is asked again if this one resumes that, and else rejects with "peer_lost":
   * at the other end may be somebody else. */
  use(link: Channel): void {
    if (link === this.#link) return;
    if (this.#link && !isSamePeer(this.#link, link)) this.#fail(new LinkError("peer_lost", { detail: "another one has come" }));
    this.#link = link;
    this.#over = undefined;
    this.#sender.use(link);
    for (const [id, { text }] of this.#waiting) this.#sender.put(id, text);
    void link.closed.then((reason) => {
      if (link !== this.#link || passing.has(reason.code)) return; // it may be resumed
      this.#over = reason;
      this.#fail(reason);
    });
  }

  /** To be given each event of the link. Returns whether that was an answer, which is
   * nothing for anybody else. */
  hear(event: LinkEvent | WalletEvent): boolean {
    const parsed = event.type === "message" ? parseText(event.data) : undefined;
    if (parsed?.kind === "answer") this.#waiting.get(parsed.message.id)?.answer.set(parsed.message);
    else if (parsed?.kind !== "malformed" || parsed.message.of !== "answer") return false;
    else this.#waiting.get(parsed.message.id as string)?.answer.fail(new LinkError("invalid_peer", { detail: parsed.message.why }));
    return true;
  }

  /** Asks, as soon as there is an open channel, and resolves with the result. Rejects with
   * a LinkError: a {@link refusal} if that is the answer, "invalid_peer" if it is none,
   * "invalid_message" for what cannot be asked, "too_large" beyond 64 KiB, "peer_lost" if
   * another one comes in the place of who was asked, and the reason when the link is over
   * for good. The signal ends the waiting: the other side may do it all the same. */
  async ask({ method, params }: Question, { signal }: WaitOptions = {}): Promise<unknown> {
    if (this.#over) throw this.#over;
    if (signal?.aborted) throw abortError(signal);
    const id = newKey();
    const text = written({ jsonrpc: "2.0", id, method, params }, "request");
    const answer = new Latch<Answer>();
    this.#waiting.set(id, { text, answer });
    this.#sender.put(id, text);
    try {
      return resultOf(await answer.wait(signal));
    } finally {
      this.#forget(id);
    }
  }

  /** Tells the other side something that it does not answer. Throws as the link's send
   * does, and "invalid_message" for what cannot be told. */
  notify({ method, params }: Question): void {
    const text = written({ jsonrpc: "2.0", method, params }, "notification");
    if (!this.#link) throw new LinkError("channel_closed");
    this.#link.send(text);
  }

  #fail(reason: LinkError): void {
    for (const [id, { answer }] of this.#waiting) {
      answer.fail(reason);
      this.#forget(id);
    }
  }

  #forget(id: string): void {
    this.#waiting.delete(id);
    this.#sender.drop(id);
  }
}

/** Writes a message that the other side will take for what it is. */
function written(message: object, kind: "request" | "notification"): string {
  let text: string;
  try {
    text = JSON.stringify(message);
  } catch (cause) {
    throw asLinkError(cause, "invalid_message");
  }
  const parsed = parseText(text);
  if (parsed.kind !== kind) throw new LinkError("invalid_message", { detail: parsed.kind === "malformed" ? parsed.message.why : "that is no request" });
  return text;
}
