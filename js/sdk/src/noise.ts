import { concat, sha256, utf8, type Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import { publicBytes, type HandshakeInput } from "./keys.ts";

// The responder of two handshakes of the Noise Protocol Framework, revision 34,
// on WebCrypto. A site never begins one; the initiator is in initiator.ts.
//
//	NKpsk0   <- s   -> psk, e, es   <- e, ee
//	NNpsk0          -> psk, e       <- e, ee

/** Bytes of a public key. */
export const keyBytes = 32;
const tagBytes = 16;

/** Fewest bytes in a message of a handshake: a key and the tag of its payload. */
export const handshakeOverhead = keyBytes + tagBytes;

/** What a handshake leaves behind. */
export interface Finished {
  /** Message 2. */
  readonly message: Bytes;
  /** The hash that both sides share, and nobody else has, of all that was said. */
  readonly hash: Bytes;
  /** The chaining key that Split() took. Whoever receives it wipes it. */
  readonly chainingKey: Bytes;
  readonly transport: Transport;
}

/** The responder of one handshake: {@link read} once, then {@link write} once.
 * Whatever fails ends it with a LinkError "handshake_failed". */
export class Responder {
  #state: SymmetricState | undefined;
  #keys: CryptoKeyPair | undefined;
  #remote: CryptoKey | undefined;
  readonly #psk: Bytes;

  private constructor(state: SymmetricState, input: HandshakeInput) {
    this.#state = state;
    this.#keys = input.keys;
    this.#psk = input.psk;
  }

  static async start(input: HandshakeInput): Promise<Responder> {
    const state = new SymmetricState(`Noise_${input.keys ? "NK" : "NN"}psk0_25519_AESGCM_SHA256`);
    await state.mixHash(input.prologue);
    if (input.keys) await state.mixHash(await publicBytes(input.keys));
    return new Responder(state, input);
  }

  /** Takes message 1 and returns its payload. */
  async read(message: Bytes): Promise<Bytes> {
    const state = this.#take();
    if (this.#remote) throw failed("there was a message 1 already");
    if (message.length < handshakeOverhead) throw failed("message 1 is too short");
    const keys = this.#keys;
    this.#keys = undefined;
    try {
      await state.mixKeyAndHash(this.#psk);
      const e = message.slice(0, keyBytes);
      await state.mixHash(e);
      await state.mixKey(e);
      const remote = await crypto.subtle.importKey("raw", e, "X25519", true, []);
      if (keys) await state.mixSecret(await agree(keys, remote));
      const payload = await state.open(message.slice(keyBytes));
      this.#remote = remote;
      this.#state = state;
      return payload;
    } catch (cause) {
      throw failed("message 1 does not authenticate", cause);
    }
  }

  /** Makes message 2, for which keys must be new. */
  async write(payload: Bytes, keys: CryptoKeyPair): Promise<Finished> {
    const state = this.#take();
    if (!this.#remote) throw failed("there is no message 1 yet");
    try {
      const e = await publicBytes(keys);
      await state.mixHash(e);
      await state.mixKey(e);
      await state.mixSecret(await agree(keys, this.#remote));
      const message = concat(e, await state.seal(payload));
      const { first, second, ...finished } = await state.split();
      return { message, ...finished, transport: new Transport(first, second) };
    } catch (cause) {
      throw failed("message 2 cannot be made", cause);
    }
  }

  // A handshake that failed, or that is under way, has no state to go on from.
  #take(): SymmetricState {
    const state = this.#state;
    this.#state = undefined;
    if (!state) throw failed("the handshake is over");
    return state;
  }
}

/** Both directions after the handshake. A message is accepted under its number
 * alone, and nothing goes in or out after one that did not authenticate. */
export class Transport {
  #send: CryptoKey | undefined;
  #receive: CryptoKey | undefined;
  #sent = 0;
  #received = 0;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(receive: CryptoKey, send: CryptoKey) {
    this.#receive = receive;
    this.#send = send;
  }

  /** Seals the next message. */
  async seal(plaintext: Bytes): Promise<Bytes> {
    if (!this.#send) throw invalid("the keys are gone");
    return encrypt(this.#send, this.#sent++, plaintext);
  }

  /** Opens the next message; throws a LinkError "invalid_peer" for any other. */
  open(ciphertext: Bytes): Promise<Bytes> {
    const opened = this.#opening.then(() => this.#openNext(ciphertext));
    this.#opening = opened.catch(() => undefined);
    return opened;
  }

  /** Forgets the keys. */
  end(): void {
    this.#send = this.#receive = undefined;
  }

  async #openNext(ciphertext: Bytes): Promise<Bytes> {
    if (!this.#receive) throw invalid("the keys are gone");
    try {
      return await decrypt(this.#receive, this.#received++, ciphertext);
    } catch (cause) {
      this.end();
      throw invalid("a message does not authenticate", cause);
    }
  }
}

/** Noise's SymmetricState. In both patterns each key seals one payload only, so
 * its counter is always 0. */
export class SymmetricState {
  #hash: Bytes;
  #chain: Bytes;
  #key: Bytes = new Uint8Array();

  constructor(name: string) {
    this.#hash = utf8(name); // 32 characters, which is the length of a hash
    this.#chain = this.#hash.slice();
  }

  async mixHash(data: Bytes): Promise<void> {
    this.#hash = await sha256(concat(this.#hash, data));
  }

  /** Mixes in what is no secret. */
  async mixKey(input: Bytes): Promise<void> {
    await this.mixSecret(await hkdfKey(input));
  }

  async mixSecret(secret: CryptoKey): Promise<void> {
    const [chain, key] = await this.#derive(secret, 2);
    this.#chain = chain!;
    this.#rekey(key!);
  }

  async mixKeyAndHash(psk: Bytes): Promise<void> {
    const secret = await hkdfKey(psk);
    psk.fill(0);
    const [chain, hash, key] = await this.#derive(secret, 3);
    this.#chain = chain!;
    await this.mixHash(hash!);
    this.#rekey(key!);
  }

  async open(ciphertext: Bytes): Promise<Bytes> {
    const plaintext = await decrypt(await this.#takeKey(), 0, ciphertext, this.#hash);
    await this.mixHash(ciphertext);
    return plaintext;
  }

  async seal(plaintext: Bytes): Promise<Bytes> {
    const ciphertext = await encrypt(await this.#takeKey(), 0, plaintext, this.#hash);
    await this.mixHash(ciphertext);
    return ciphertext;
  }

  /** The keys of the initiator's messages and of the responder's, and what else the
   * two share by now. */
  async split(): Promise<{ hash: Bytes; chainingKey: Bytes; first: CryptoKey; second: CryptoKey }> {
    const chainingKey = this.#chain;
    const [first, second] = await this.#derive(await hkdfKey(new Uint8Array()), 2, chainingKey.slice());
    return { hash: this.#hash, chainingKey, first: await importCipher(first!), second: await importCipher(second!) };
  }

  #rekey(key: Bytes): void {
    this.#key.fill(0);
    this.#key = key;
  }

  #takeKey(): Promise<CryptoKey> {
    const key = this.#key;
    this.#key = new Uint8Array();
    return importCipher(key);
  }

  // HKDF of RFC 5869 with the chaining key as salt and nothing as info is that
  // of Noise.
  async #derive(secret: CryptoKey, count: 2 | 3, salt = this.#chain): Promise<Bytes[]> {
    const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info: new Uint8Array() }, secret, count * keyBytes * 8);
    const parts = Array.from({ length: count }, (_, i) => new Uint8Array(bits).slice(i * keyBytes, (i + 1) * keyBytes));
    new Uint8Array(bits).fill(0);
    salt.fill(0);
    return parts;
  }
}

// The shared secret becomes a key at once: no script ever holds it. A public
// key of small order, for which it would be zero, is refused by the browser.
export function agree(keys: CryptoKeyPair, remote: CryptoKey): Promise<CryptoKey> {
  return crypto.subtle.deriveKey({ name: "X25519", public: remote }, keys.privateKey, "HKDF", false, ["deriveBits"]);
}

function hkdfKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);
}

async function importCipher(bytes: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  bytes.fill(0);
  return key;
}

async function encrypt(key: CryptoKey, counter: number, plaintext: Bytes, additionalData: Bytes = new Uint8Array()): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce(counter), additionalData }, key, plaintext));
}

async function decrypt(key: CryptoKey, counter: number, ciphertext: Bytes, additionalData: Bytes = new Uint8Array()): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce(counter), additionalData }, key, ciphertext));
}

function nonce(counter: number): Bytes {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setBigUint64(4, BigInt(counter));
  return bytes;
}

/** The error for a handshake that cannot go on. */
export function failed(detail: string, cause?: unknown): LinkError {
  return new LinkError("handshake_failed", { detail, cause });
}

function invalid(detail: string, cause?: unknown): LinkError {
  return new LinkError("invalid_peer", { detail, cause });
}
