import { backoffMs } from "./backoff.ts";
import { closeError, LinkError } from "./errors.ts";
import { bearerSubprotocol, subprotocol } from "./limits.gen.ts";
import type { Platform } from "./platform.ts";
import type { Bearer } from "./rest.ts";

/** What a {@link Socket} tells its owner. */
export interface SocketEvents {
  /** The socket is open; nothing was sent on it yet. */
  opened(): void;
  /** A message came in. */
  message(data: unknown): void;
  /** The socket is gone; another attempt follows. */
  lost(): void;
  /** A browser does not say why a handshake was refused, so the owner asks by
   * other means. A rejection with a LinkError that is not retryable ends it. */
  refused(): Promise<void>;
  /** The server forbade another attempt. */
  ended(error: LinkError): void;
}

const normalClose = 1000;
const sessionRotated = 4402;
const rateLimited = 4429;
const handshakeTimeoutMs = 10_000;

/** A WebSocket that comes back. */
export class Socket {
  readonly #platform: Platform;
  readonly #url: string;
  readonly #bearer: Bearer | undefined;
  readonly #events: SocketEvents;
  #socket: WebSocket | undefined;
  #attempt = 0;
  #cancel: () => void = () => {};
  readonly #offline: () => void;
  #waiting = false;
  #over = false;

  constructor(platform: Platform, url: string, bearer: Bearer | undefined, events: SocketEvents) {
    this.#platform = platform;
    this.#url = url;
    this.#bearer = bearer;
    this.#events = events;
    this.#offline = platform.online(() => this.hurry());
    this.#connect();
  }

  /** Sends a message if the socket is open; whether it arrives is another
   * matter. */
  send(message: unknown): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** Notes that the connection serves its purpose: the next loss starts again
   * from the shortest wait. */
  good(): void {
    this.#attempt = 0;
  }

  /** Connects now if it was waiting to. */
  hurry(): void {
    if (!this.#waiting || this.#over) return;
    this.#cancel();
    this.#connect();
  }

  /** Gives up this connection and makes another. */
  renew(): void {
    const socket = this.#socket;
    if (!socket || this.#over) return;
    this.#drop(socket);
    this.#events.lost();
    this.#retry(this.#again());
  }

  /** Ends it for good. */
  close(): void {
    this.#over = true;
    this.#cancel();
    this.#offline();
    if (this.#socket) this.#drop(this.#socket);
  }

  #connect(): void {
    this.#waiting = false;
    const socket = this.#platform.socket(this.#url, this.#bearer ? [subprotocol, bearerSubprotocol + this.#bearer()] : [subprotocol]);
    this.#socket = socket;
    let open = false;
    this.#cancel = this.#platform.after(handshakeTimeoutMs, () => socket.close());
    socket.onopen = () => {
      open = true;
      this.#cancel();
      this.#events.opened();
    };
    socket.onmessage = (event) => this.#events.message(event.data);
    socket.onclose = (event) => {
      this.#cancel();
      this.#drop(socket);
      if (open) return this.#lost(event.code);
      if (this.#attempt === 0) this.#events.lost(); // a server that went just now is out of reach, too
      this.#refused();
    };
  }

  #lost(code: number): void {
    const error = closeError(code);
    if (error && code >= 4500) {
      this.close();
      this.#events.ended(error);
      return;
    }
    this.#events.lost();
    if (this.#over) return;
    if (code === rateLimited) this.#attempt = Math.max(this.#attempt, 4);
    this.#retry(code === sessionRotated ? this.#again() : this.#backoff());
  }

  #refused(): void {
    this.#events.refused().then(
      () => this.#over || this.#retry(this.#backoff()),
      (error: LinkError) => {
        if (this.#over) return;
        this.close();
        this.#events.ended(error);
      },
    );
  }

  // At once, but only once: a server that sends us round in circles waits.
  #again(): number {
    return this.#attempt === 0 ? 0 : this.#backoff();
  }

  #backoff(): number {
    return backoffMs(this.#attempt, this.#platform.random());
  }

  #retry(waitMs: number): void {
    this.#attempt++;
    this.#waiting = true;
    this.#cancel = this.#platform.after(waitMs, () => this.#connect());
  }

  // A socket that was given up must not speak any more.
  #drop(socket: WebSocket): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState <= 1) socket.close(normalClose);
    if (this.#socket === socket) this.#socket = undefined;
  }
}
