import { fromBase64, toBase64 } from "./base64.ts";
import type { Envelope } from "./connection.ts";
import { LinkError } from "./errors.ts";
import { encodeMessage, parseMessage, type SiteMessage, type WalletMessage, type Welcome } from "./messages.ts";
import type { Handshake, SealedEnvelope } from "./sealed.ts";

/** What goes through the server between the two ends: frame 0 of each is its
 * part of the handshake, all others are sealed with the keys that come of it.
 * Calls come one at a time for each direction, in the order of the frames. */
export class SiteEnvelope implements Envelope<WalletMessage, SiteMessage> {
  #handshake: Handshake | undefined;
  #keys: SealedEnvelope | undefined;
  #begun = false;
  #plain = false;

  constructor(handshake: Handshake) {
    this.#handshake = handshake;
  }

  /** What both ends share; undefined until the site has answered. */
  get keys(): SealedEnvelope | undefined {
    return this.#keys;
  }

  /** Leaves all frames as they are from now on: the wallet speaks a dialect. Throws
   * "unsealed_refused" once the handshake has begun: what was sealed stays sealed. */
  giveUp(): void {
    if (this.#begun || !this.#handshake) throw new LinkError("unsealed_refused", { detail: "the handshake has begun" });
    this.#handshake = undefined;
    this.#plain = true;
  }

  /** Reads the wallet's next frame. Throws a LinkError: "handshake_failed" for
   * its first, "invalid_peer" for others that do not hold. */
  async open(payload: string): Promise<WalletMessage> {
    if (this.#plain) return parseMessage(new Uint8Array(fromBase64(payload) ?? []));
    this.#begun = true;
    if (this.#keys) return parseMessage(await this.#keys.open(payload));
    if (!this.#handshake) throw new LinkError("handshake_failed", { detail: "the handshake is over" });
    return parseMessage(await this.#handshake.read(payload));
  }

  /** Writes the site's frame 0. */
  async answer(welcome: Welcome): Promise<{ payload: string; keys: SealedEnvelope }> {
    const handshake = this.#handshake;
    this.#handshake = undefined;
    if (!handshake) throw new LinkError("handshake_failed", { detail: "the handshake is over" });
    const { payload, envelope } = await handshake.answer(encodeMessage(welcome));
    this.#keys = envelope;
    return { payload, keys: envelope };
  }

  /** Writes the site's next frame. */
  async seal(message: SiteMessage): Promise<string> {
    if (this.#plain) return toBase64(encodeMessage(message));
    if (!this.#keys) throw new LinkError("internal", { detail: "there are no keys yet" });
    return this.#keys.seal(encodeMessage(message));
  }

  /** Forgets the keys. */
  end(): void {
    this.#keys?.end();
    this.#handshake = undefined;
  }
}
