import { codeTable, type Code } from "./codes.gen.ts";
import { Inbox, Outbox, type Frame } from "./cursor.ts";
import { asLinkError, codeOf, LinkError } from "./errors.ts";
import type { Platform } from "./platform.ts";
import type { Bearer } from "./rest.ts";
import { Socket } from "./socket.ts";
import { parseServerMessage, type Claim, type ClientMessage, type ServerMessage } from "./wire.ts";

/** What a {@link Signaling} tells its owner. */
export interface SignalingEvents {
  /** A subscription was confirmed. */
  subscribed(topic: string): void;
  /** The socket is gone; another attempt follows. */
  lost(): void;
  /** The server says that a wallet claimed the site's link; and again, when the wallet
   * released its claim for instance. */
  claimed(claim: Claim): void;
  /** The next frame of the other side: each once, in order. */
  frame(payload: string): void;
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

/** Which end of a link at which server. */
export interface SignalingTarget {
  /** Address of the WebSocket. */
  readonly url: string;
  readonly requestId: string;
  readonly side: "site" | "wallet";
  /** The token of a wallet's session; a site has the browser's cookie. */
  readonly bearer?: Bearer;
}

/** The topics of each side: before the link is claimed, and before the account's
 * address after that. */
const topics = { site: ["link", "answer-"], wallet: ["join", "offer-"] } as const;
// Without news for so long, what is not acknowledged is sent again; twice as
// long each time, since the other side may be away for a minute.
const stallMs = 3_000;
const longestStallMs = 24_000;
// After so many repetitions without a word from the server the connection is
// taken for dead: a browser does not notice a cable that was pulled.
const silentRepeats = 2;
const tickMs = 1_000;

/** One link's signaling: a subscription, numbered frames both ways, and a
 * connection that may break at any moment. Until the link is claimed its own
 * topic brings the frames, then that of the account's address. */
export class Signaling {
  readonly #platform: Platform;
  readonly #requestId: string;
  readonly #side: SignalingTarget["side"];
  readonly #events: SignalingEvents;
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  readonly #outbox = new Outbox();
  #topic: string;
  #claimed = false;
  #held = true; // the first frame goes by other means; nothing may overtake it
  #sending = false; // the server knows who we are and takes frames
  #open = false;
  #acking = false;
  #unconfirmedSince: number | undefined; // when the topic was asked for
  #progressAt = 0;
  #stall = stallMs;
  #repeats = 0;
  #cancelTick: () => void = () => {};

  constructor(platform: Platform, { url, requestId, side, bearer }: SignalingTarget, events: SignalingEvents) {
    this.#platform = platform;
    this.#requestId = requestId;
    this.#side = side;
    this.#topic = topics[side][0];
    this.#events = events;
    this.#socket = new Socket(platform, url, bearer, {
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
    return this.#sending && this.#unconfirmedSince === undefined;
  }

  /** How many frames wait for an acknowledgement. */
  get waiting(): number {
    return this.#outbox.waiting;
  }

  /** Numbers the next payload, which goes by other means, and nothing before it by
   * this one. */
  first(payload: string): Frame {
    this.#held = true;
    const frame = this.#outbox.push(payload);
    this.#outbox.take();
    return frame;
  }

  /** Sends a payload as the next frame. */
  send(payload: string): void {
    this.#outbox.push(payload);
    this.#flush();
  }

  /** The first frame has arrived by other means: the others may follow. */
  release(): void {
    this.#held = false;
    this.#touch();
    this.#flush();
  }

  /** The wallet's claim of the link was accepted, for the account of an address. */
  follow(address: string): void {
    this.#topic = topics.wallet[1] + address;
    if (this.#open) this.#subscribe();
    this.release();
  }

  /** Notes that the other side has all frames below next. */
  delivered(next: number): void {
    if (!this.#outbox.acknowledge(next)) return;
    this.#stall = stallMs;
    this.#touch();
    this.#flush();
  }

  /** Connects now if it was waiting to. */
  hurry(): void {
    this.#socket.hurry();
  }

  /** Ends signaling and nothing else. */
  close(): void {
    this.#cancelTick();
    this.#open = this.#sending = false;
    this.#socket.close();
  }

  /** Ends signaling and the link, for both sides. The other one learns why if
   * the code is of use to it. */
  leave(code: Code): void {
    this.#say({ op: "close", requestId: this.#requestId, ...(codeTable[code].told && { code }) });
    this.close();
  }

  #opened(): void {
    this.#open = true;
    this.#subscribe();
  }

  #subscribe(): void {
    this.#unconfirmedSince = this.#platform.now();
    const message: ClientMessage = { op: "subscribe", topic: this.#topic, requestId: this.#requestId };
    if (this.#inbox.next) message.since = this.#inbox.next;
    if (this.#outbox.acknowledged) message.next = this.#outbox.acknowledged;
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
        return this.#linked(m.claim, m.answer);
      case "frame":
        return this.#frame(m.frame);
      case "acked":
        return this.delivered(m.next);
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
    this.#socket.good();
    if (topic !== this.#topic) return; // the link was claimed meanwhile
    this.#unconfirmedSince = undefined;
    this.delivered(next);
    this.#inbox.resubscribed();
    if (!this.#sending) this.#outbox.rewind();
    this.#sending = true;
    this.#touch();
    this.#flush();
    this.#events.subscribed(topic);
  }

  // The answer is counted first, so that the subscription to the frames begins
  // after it. The server takes the messages of a socket in order, so our own
  // frames need not wait for the confirmation.
  #linked(claim: Claim, answer: Frame | undefined): void {
    if (this.#side === "wallet") return; // it has claimed the link itself
    if (this.#claimed) return this.#events.claimed(claim);
    this.#claimed = true;
    const fresh = answer?.n === this.#inbox.next && this.#inbox.accept(answer.n) === "take";
    this.#topic = topics.site[1] + claim.address;
    this.#subscribe();
    this.#sending = true;
    this.#events.claimed(claim);
    if (fresh) this.#events.frame(answer.d);
    this.#flush();
  }

  #frame(frame: Frame): void {
    switch (this.#inbox.accept(frame.n)) {
      case "take":
        this.#ackSoon();
        return this.#events.frame(frame.d);
      case "drop": // its acknowledgement was lost, or it came twice
        return this.#ackSoon();
      case "gap":
        this.#subscribe();
    }
  }

  #failed(error: LinkError): void {
    if (error.code === "session_rotated") {
      this.#events.rotated().then(
        () => this.#socket.renew(),
        (cause) => this.#end(asLinkError(cause)),
      );
      return;
    }
    if (error.retryable) return; // by the clock
    // The link itself may live on, and the other side would wait in vain.
    this.leave(error.code);
    this.#events.ended(error);
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
    const unanswered = this.#unconfirmedSince !== undefined && now - this.#unconfirmedSince >= stallMs;
    const stalled = this.#sending && this.#outbox.waiting > 0 && !this.#held && now - this.#progressAt >= this.#stall;
    if (!unanswered && !stalled) return;
    if (this.#repeats++ >= silentRepeats) {
      this.#repeats = 0;
      return this.#socket.renew();
    }
    if (unanswered) this.#subscribe();
    if (!stalled) return;
    this.#stall = Math.min(longestStallMs, this.#stall * 2);
    this.#progressAt = now;
    this.#outbox.rewind();
    this.#flush();
  }

  #lost(): void {
    this.#open = this.#sending = false;
    this.#unconfirmedSince = undefined;
    this.#repeats = 0;
    this.#events.lost();
  }

  #end(error: LinkError): void {
    this.close();
    this.#events.ended(error);
  }

  #say(message: ClientMessage): void {
    this.#socket.send(message);
  }
}
