import { Inbox, Outbox, type Frame } from "./cursor.ts";
import { asLinkError, codeOf, LinkError } from "./errors.ts";
import type { Platform } from "./platform.ts";
import { Socket } from "./socket.ts";
import { parseServerMessage, type ClientMessage, type ServerMessage } from "./wire.ts";

/** What a {@link Signaling} tells its owner. */
export interface SignalingEvents {
  /** A subscription was confirmed. */
  subscribed(topic: string): void;
  /** The socket is gone; another attempt follows. */
  lost(): void;
  /** A wallet claimed the link. May come again after a reconnection. */
  claimed(account: string, address: string): void;
  /** The next frame of the other side: each once, in order. */
  frame(payload: string): void;
  /** The first frames of ours were acknowledged by the other side. */
  delivered(count: number): void;
  /** The other side came or went. */
  peer(here: boolean): void;
  /** Something that changes nothing, such as "link_taken". */
  notice(error: LinkError): void;
  /** The server asks to fetch the new session id before anything else. */
  rotated(): Promise<void>;
  /** See {@link SocketEvents.refused}. */
  refused(): Promise<void>;
  /** Signaling is over and why. */
  ended(error: LinkError): void;
}

const linkTopic = "link";
// Without news for so long, what is not acknowledged is sent again; twice as
// long each time, since the other side may be away for a minute.
const stallMs = 3_000;
const longestStallMs = 24_000;
// After so many repetitions without a word from the server the connection is
// taken for dead: a browser does not notice a cable that was pulled.
const silentRepeats = 2;
const tickMs = 1_000;

/** One link's signaling: subscriptions, numbered frames both ways, and a
 * connection that may break at any moment. */
export class Signaling {
  readonly #platform: Platform;
  readonly #requestId: string;
  readonly #events: SignalingEvents;
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  readonly #outbox = new Outbox();
  #topic = ""; // where the other side's frames come from, once known
  #sending = false; // the server knows who we are and takes frames
  #held = false; // a frame is on its way by other means; nothing may overtake it
  #open = false;
  #acking = false;
  #unconfirmed = new Map<string, number>(); // topic → when it was asked for
  #progressAt = 0;
  #stall = stallMs;
  #repeats = 0;
  #cancelTick: () => void = () => {};

  constructor(platform: Platform, url: string, requestId: string, events: SignalingEvents) {
    this.#platform = platform;
    this.#requestId = requestId;
    this.#events = events;
    this.#socket = new Socket(platform, url, {
      opened: () => this.#opened(),
      message: (data) => this.#message(data),
      lost: () => this.#lost(),
      refused: () => events.refused(),
      ended: (error) => this.#end(error),
    });
    this.#tick();
  }

  /** Whether frames go out and come in right now. */
  get attached(): boolean {
    return this.#sending && !this.#unconfirmed.has(this.#topic);
  }

  /** Subscribes to the other side's frames. */
  follow(topic: string): void {
    if (this.#topic) return;
    this.#topic = topic;
    if (!this.#open) return;
    this.#subscribe(topic);
    // The server takes the messages of a socket in order, so the frames need
    // not wait for the confirmation.
    this.#sending = true;
    this.#flush();
  }

  /** Sends a payload as the next frame. */
  send(payload: string): void {
    this.#outbox.push(payload);
    this.#flush();
  }

  /** Sends a payload as the next frame by other means, unless frames before it
   * are still under way: then it queues behind them. If deliver rejects, the
   * frame goes out like any other. Resolves with whether deliver was used and
   * worked. */
  async sendBy(payload: string, deliver: (frame: Frame) => Promise<void>): Promise<boolean> {
    const frame = this.#outbox.push(payload);
    if (this.#outbox.waiting > 1 || this.#held) {
      this.#flush();
      return false;
    }
    this.#held = true;
    this.#outbox.take();
    try {
      await deliver(frame);
      return true;
    } catch {
      this.#outbox.rewind();
      return false;
    } finally {
      this.#held = false;
      this.#touch();
      this.#flush();
    }
  }

  /** Whether frame n has not been acknowledged. */
  waits(n: number): boolean {
    return this.#outbox.acknowledged <= n;
  }

  /** Connects now if it was waiting to. */
  hurry(): void {
    this.#socket.hurry();
  }

  /** Ends signaling; with leave, also the link, for both sides. */
  close(leave: boolean): void {
    if (leave) this.#say({ op: "close", requestId: this.#requestId });
    this.#cancelTick();
    this.#open = this.#sending = false;
    this.#socket.close();
  }

  #opened(): void {
    this.#open = true;
    this.#subscribe(linkTopic);
    if (this.#topic) this.#subscribe(this.#topic);
  }

  #subscribe(topic: string): void {
    this.#unconfirmed.set(topic, this.#platform.now());
    const message: ClientMessage = { op: "subscribe", topic, requestId: this.#requestId };
    if (topic !== linkTopic) {
      if (this.#inbox.next) message.since = this.#inbox.next;
      if (this.#outbox.acknowledged) message.next = this.#outbox.acknowledged;
    }
    this.#say(message);
  }

  #message(data: unknown): void {
    this.#repeats = 0;
    let m: ServerMessage | undefined;
    try {
      m = parseServerMessage(data, this.#requestId);
    } catch (cause) {
      this.#end(asLinkError(cause));
    }
    if (m) this.#handle(m);
  }

  #handle(m: ServerMessage): void {
    switch (m.op) {
      case "subscribed":
        return this.#subscribed(m.topic, m.next);
      case "link":
        return this.#claimed(m.account, m.address, m.answer);
      case "frame":
        return this.#frame(m.frame);
      case "acked":
        return this.#acked(m.next);
      case "peer":
        if (m.here) this.#stall = stallMs;
        return this.#events.peer(m.here);
      case "notice":
        return this.#events.notice(new LinkError(codeOf(m.code), m));
      case "closed":
        return this.#end(new LinkError(codeOf(m.code, "link_closed"), m));
      case "error":
        return this.#failed(new LinkError(codeOf(m.code), m));
    }
  }

  #subscribed(topic: string, next: number): void {
    this.#unconfirmed.delete(topic);
    this.#socket.good();
    if (topic === this.#topic) {
      this.#acked(next);
      this.#inbox.resubscribed();
      if (!this.#sending) this.#outbox.rewind();
      this.#sending = true;
      this.#touch();
      this.#flush();
    }
    this.#events.subscribed(topic);
  }

  // The answer is counted first, so that the subscription to the frames begins
  // after it.
  #claimed(account: string, address: string, answer: Frame | undefined): void {
    const fresh = answer?.n === 0 && this.#inbox.accept(0) === "take";
    this.#events.claimed(account, address);
    if (fresh) this.#events.frame(answer.d);
  }

  #frame(frame: Frame): void {
    switch (this.#inbox.accept(frame.n)) {
      case "take":
        this.#ackSoon();
        return this.#events.frame(frame.d);
      case "drop": // its acknowledgement was lost, or it came twice
        return this.#ackSoon();
      case "gap":
        if (this.#topic) this.#subscribe(this.#topic);
    }
  }

  #acked(next: number): void {
    if (!this.#outbox.acknowledge(next)) return;
    this.#stall = stallMs;
    this.#touch();
    this.#flush();
    this.#events.delivered(next);
  }

  #failed(error: LinkError): void {
    if (error.code === "session_rotated") {
      this.#events.rotated().then(
        () => this.#socket.renew(),
        (cause) => this.#end(asLinkError(cause)),
      );
      return;
    }
    // What may work later is tried again by the clock.
    if (!error.retryable) this.#end(error);
  }

  // All frames that came in one turn of the event loop are acknowledged at once.
  #ackSoon(): void {
    if (this.#acking) return;
    this.#acking = true;
    this.#platform.after(0, () => {
      this.#acking = false;
      if (this.#sending) this.#say({ op: "ack", requestId: this.#requestId, next: this.#inbox.next });
    });
  }

  #flush(): void {
    if (!this.#sending || this.#held) return;
    const frames = this.#outbox.take();
    if (frames.length && this.#outbox.waiting === frames.length) this.#touch();
    for (const { n, d } of frames) this.#say({ op: "send", requestId: this.#requestId, n, d });
  }

  #touch(): void {
    this.#progressAt = this.#platform.now();
  }

  #tick(): void {
    this.#cancelTick = this.#platform.after(tickMs, () => {
      this.#tick();
      if (this.#open) this.#repeat(this.#platform.now());
    });
  }

  /** Asks and sends again what has had no answer for too long. */
  #repeat(now: number): void {
    const unanswered = [...this.#unconfirmed].filter(([, at]) => now - at >= stallMs).map(([topic]) => topic);
    const stalled = this.#sending && this.#outbox.waiting > 0 && !this.#held && now - this.#progressAt >= this.#stall;
    if (!unanswered.length && !stalled) return;
    if (this.#repeats++ >= silentRepeats) {
      this.#repeats = 0;
      return this.#socket.renew();
    }
    for (const topic of unanswered) this.#subscribe(topic);
    if (!stalled) return;
    this.#stall = Math.min(longestStallMs, this.#stall * 2);
    this.#progressAt = now;
    this.#outbox.rewind();
    this.#flush();
  }

  #lost(): void {
    this.#open = this.#sending = false;
    this.#unconfirmed.clear();
    this.#repeats = 0;
    this.#events.lost();
  }

  #end(error: LinkError): void {
    this.close(false);
    this.#events.ended(error);
  }

  #say(message: ClientMessage): void {
    this.#socket.send(message);
  }
}
