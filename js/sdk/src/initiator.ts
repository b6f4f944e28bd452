import { concat, type Bytes } from "./bytes.ts";
import { publicBytes } from "./keys.ts";
import { agree, failed, handshakeOverhead, keyBytes, SymmetricState, Transport, type Finished } from "./noise.ts";

/** What a wallet brings to a handshake. */
export interface InitiatorInput {
  readonly prologue: Bytes;
  /** 32 bytes that both sides know. They are wiped once they were used. */
  readonly psk: Bytes;
  /** The site's public key (NK); without one there is none to know (NN). */
  readonly remote?: Bytes;
  /** The pair of message 1. */
  readonly keys: CryptoKeyPair;
}

/** The initiator of one handshake, spec/sealed.md §3: {@link begin} it, then
 * {@link finish} it, once. Whatever fails ends it with a LinkError "handshake_failed". */
export class Initiator {
  #state: SymmetricState | undefined;
  readonly #keys: CryptoKeyPair;
  /** Message 1, around the payload that it was begun with. */
  readonly message: Bytes;

  private constructor(state: SymmetricState, keys: CryptoKeyPair, message: Bytes) {
    this.#state = state;
    this.#keys = keys;
    this.message = message;
  }

  static async begin({ prologue, psk, remote, keys }: InitiatorInput, payload: Bytes): Promise<Initiator> {
    const state = new SymmetricState(`Noise_${remote ? "NK" : "NN"}psk0_25519_AESGCM_SHA256`);
    try {
      await state.mixHash(prologue);
      if (remote) await state.mixHash(remote);
      await state.mixKeyAndHash(psk);
      const e = await publicBytes(keys);
      await state.mixHash(e);
      await state.mixKey(e);
      if (remote) await state.mixSecret(await agree(keys, await importPublic(remote)));
      return new Initiator(state, keys, concat(e, await state.seal(payload)));
    } catch (cause) {
      throw failed("message 1 cannot be made", cause);
    }
  }

  /** Takes message 2; returns its payload, and what the handshake leaves behind. */
  async finish(message: Bytes): Promise<{ payload: Bytes; finished: Finished }> {
    const state = this.#state;
    this.#state = undefined;
    if (!state) throw failed("the handshake is over");
    if (message.length < handshakeOverhead) throw failed("message 2 is too short");
    try {
      const e = message.slice(0, keyBytes);
      await state.mixHash(e);
      await state.mixKey(e);
      await state.mixSecret(await agree(this.#keys, await importPublic(e)));
      const payload = await state.open(message.slice(keyBytes));
      const { first, second, ...rest } = await state.split();
      return { payload, finished: { message, ...rest, transport: new Transport(second, first) } };
    } catch (cause) {
      throw failed("message 2 does not authenticate", cause);
    }
  }
}

function importPublic(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "X25519", true, []);
}
