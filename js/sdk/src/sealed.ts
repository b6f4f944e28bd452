import { toBase64 } from "./base64.ts";
import { parseBase64, type Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import { channelIdOf, importSecret, kdf, newKeyPair, pongKey, pongText, shortCodeOf, type HandshakeInput } from "./keys.ts";
import { maxFrameBytes } from "./limits.gen.ts";
import { Responder, type Finished, type Transport } from "./noise.ts";

/** The site's end of one handshake, spec/sealed.md §3: {@link read} the wallet's
 * frame 0, then {@link answer} it. Whatever fails ends it for good, with a
 * LinkError "handshake_failed". */
export class Handshake {
  readonly #responder: Responder;
  readonly #makeKeys: () => Promise<CryptoKeyPair>;

  private constructor(responder: Responder, makeKeys: () => Promise<CryptoKeyPair>) {
    this.#responder = responder;
    this.#makeKeys = makeKeys;
  }

  static async start(input: HandshakeInput): Promise<Handshake> {
    return new Handshake(await Responder.start(input), input.makeKeys ?? newKeyPair);
  }

  /** Reads the payload of the wallet's frame 0: what is in it is `hello`. */
  async read(payload: string): Promise<Bytes> {
    const message = parsePayload(payload);
    if (!message) throw new LinkError("handshake_failed", { detail: "frame 0 is not base64url" });
    return this.#responder.read(message);
  }

  /** Writes the site's frame 0 around `welcome`. */
  async answer(welcome: Bytes): Promise<{ payload: string; envelope: SealedEnvelope }> {
    const finished = await this.#responder.write(welcome, await this.#makeKeys());
    return { payload: toBase64(finished.message), envelope: await SealedEnvelope.of(finished, "site") };
  }
}

/** How to open the channel once more without a new code, spec/sealed.md §9. */
export interface Resumption {
  /** Its name at the server, 22 characters. */
  readonly id: string;
  /** The secret, which no script can export; one in the page can use it. */
  readonly key: CryptoKey;
}

/** The key with which this side answers pings, and that of the other side's answers. */
interface PongKeys {
  readonly own: CryptoKey;
  readonly other: CryptoKey;
}

/** What a handshake agreed on, and the frames after it. */
export class SealedEnvelope {
  /** Binds a proof to this handshake. */
  readonly channelId: string;
  /** What the wallet shows and the person types into the site: "ddd ddd". */
  readonly shortCode: string;
  readonly resumption: Resumption;
  readonly #pong: PongKeys;
  readonly #transport: Transport;

  private constructor(channelId: string, shortCode: string, resumption: Resumption, pong: PongKeys, transport: Transport) {
    this.channelId = channelId;
    this.shortCode = shortCode;
    this.resumption = resumption;
    this.#pong = pong;
    this.#transport = transport;
  }

  /** What a handshake leads to on one side. */
  static async of({ hash, chainingKey, transport }: Finished, side: "site" | "wallet"): Promise<SealedEnvelope> {
    const exported = await importSecret(await kdf(await importSecret(chainingKey), "export", 32));
    const id = toBase64(await kdf(exported, "resume id", 16));
    const key = await importSecret(await kdf(exported, "resume secret", 32));
    const pong = { own: await pongKey(exported, side), other: await pongKey(exported, side === "site" ? "wallet" : "site") };
    return new SealedEnvelope(channelIdOf(hash), await shortCodeOf(hash), { id, key }, pong, transport);
  }

  /** Seals the next frame's payload. */
  async seal(message: Bytes): Promise<string> {
    return toBase64(await this.#transport.seal(message));
  }

  /** Opens the next frame's payload. One that does not authenticate throws a
   * LinkError "invalid_peer", and so does everything after it. */
  async open(payload: string): Promise<Bytes> {
    // What cannot be read fails like what does not authenticate, in its turn.
    return this.#transport.open(parsePayload(payload) ?? new Uint8Array());
  }

  /** The MAC with which this side answers a ping. */
  async pong(nonce: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.#pong.own, pongText(nonce)));
  }

  /** Whether the other side answered a ping itself. */
  async checkPong(nonce: Bytes, mac: Bytes): Promise<boolean> {
    return crypto.subtle.verify("HMAC", this.#pong.other, mac, pongText(nonce));
  }

  /** Forgets the keys of the frames. */
  end(): void {
    this.#transport.end();
  }
}

/** The bytes of a frame; undefined if it is not base64url, or too long. */
export function parsePayload(payload: string): Bytes | undefined {
  return payload.length <= maxFrameBytes ? parseBase64(payload) : undefined;
}
