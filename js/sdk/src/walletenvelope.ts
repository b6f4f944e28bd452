import { toBase64 } from "./base64.ts";
import type { Bytes } from "./bytes.ts";
import type { Envelope } from "./connection.ts";
import { LinkError } from "./errors.ts";
import { Initiator, type InitiatorInput } from "./initiator.ts";
import { importSecret, kdf, linkPrologue, newKeyPair, resumptionPrologue } from "./keys.ts";
import type { Invitation } from "./link.ts";
import { encodeMessage, type Hello, type SiteMessage, type WalletMessage } from "./messages.ts";
import { parsePayload, SealedEnvelope, type Resumption } from "./sealed.ts";
import { parseSiteMessage } from "./walletmessages.ts";

/** The wallet's end of what goes through the server: frame 0 of each side is its
 * part of the handshake, all others are sealed with the keys that come of it. */
export class WalletEnvelope implements Envelope<SiteMessage, WalletMessage> {
  #initiator: Initiator | undefined;
  #keys: SealedEnvelope | undefined;
  /** The wallet's frame 0. */
  readonly hello: string;

  private constructor(initiator: Initiator) {
    this.#initiator = initiator;
    this.hello = toBase64(initiator.message);
  }

  /** Begins the handshake of a link. */
  static async ofLink(host: string, requestId: string, { flags, key, seed }: Invitation, hello: Hello): Promise<WalletEnvelope> {
    const psk = await kdf(await importSecret(seed.slice()), "psk", 32);
    return begin({ prologue: linkPrologue(host, requestId, flags), psk, remote: key, keys: await newKeyPair() }, hello);
  }

  /** Begins that of a resumption. */
  static async ofResumption({ id, key }: Resumption, hello: Hello): Promise<WalletEnvelope> {
    return begin({ prologue: resumptionPrologue(id), psk: await kdf(key, "resume psk", 32), keys: await newKeyPair() }, hello);
  }

  static async begin(input: InitiatorInput, hello: Bytes): Promise<WalletEnvelope> {
    return new WalletEnvelope(await Initiator.begin(input, hello));
  }

  get keys(): SealedEnvelope | undefined {
    return this.#keys;
  }

  /** Reads the site's next frame. Throws a LinkError: "handshake_failed" for its
   * first, "invalid_peer" for others that do not hold. */
  async open(payload: string): Promise<SiteMessage> {
    if (this.#keys) return parseSiteMessage(await this.#keys.open(payload));
    const initiator = this.#initiator;
    this.#initiator = undefined;
    const message = parsePayload(payload);
    if (!initiator || !message) throw new LinkError("handshake_failed", { detail: "the site's frame 0 is not as it must be" });
    const { payload: welcome, finished } = await initiator.finish(message);
    this.#keys = await SealedEnvelope.of(finished, "wallet");
    return parseSiteMessage(welcome);
  }

  async seal(message: WalletMessage): Promise<string> {
    if (!this.#keys) throw new LinkError("internal", { detail: "there are no keys yet" });
    return this.#keys.seal(encodeMessage(message));
  }

  end(): void {
    this.#keys?.end();
    this.#initiator = undefined;
  }
}

function begin(input: InitiatorInput, hello: Hello): Promise<WalletEnvelope> {
  return WalletEnvelope.begin(input, encodeMessage(hello));
}
