// Passkeys that unlock the vault: what counts is not their signature, which no
// server checks, but what their PRF (WebAuthn's extension "prf") makes of a salt.
import { toBase64 } from "../../../js/sdk/src/base64.ts";
import { concat, parseBase64, type Bytes } from "../../../js/sdk/src/bytes.ts";
import { VaultError } from "./errors.ts";
import { passkeyKey, random } from "./seal.ts";

/** What a passkey is asked for. */
export interface PasskeyQuestion {
  /** The credential's id, in base64url. */
  readonly id: string;
  readonly salt: Bytes;
}

/** A passkey that has answered. */
export interface PasskeyAnswer extends PasskeyQuestion {
  /** The key that it gives. */
  readonly key: CryptoKey;
}

/** How the vault reaches passkeys. Every call rejects with a VaultError
 * "no_passkeys", "no_prf" or "passkey_refused". */
export interface Passkeys {
  /** Makes a passkey. known are those that there are already. */
  create(label: string, known: readonly string[]): Promise<PasskeyAnswer>;
  /** Asks for any of them. */
  ask(questions: readonly PasskeyQuestion[]): Promise<PasskeyAnswer>;
}

interface PRFOutputs {
  readonly prf?: { readonly enabled?: boolean; readonly results?: { readonly first?: BufferSource } };
}

/** The browser's own passkeys, for the page's domain. */
export class BrowserPasskeys implements Passkeys {
  async create(label: string, known: readonly string[]): Promise<PasskeyAnswer> {
    const salt = random(32);
    const made = await ask((credentials) =>
      credentials.create({
        publicKey: {
          challenge: random(32), // nobody checks what is signed
          rp: { name: "Liaison wallet", id: location.hostname },
          user: { id: random(16), name: label, displayName: label },
          pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
          authenticatorSelection: { residentKey: "required", userVerification: "required" },
          excludeCredentials: known.map(descriptor),
          attestation: "none",
          extensions: { prf: { eval: { first: salt } } } as AuthenticationExtensionsClientInputs,
        },
      }),
    );
    const id = toBase64(new Uint8Array(made.rawId));
    const { prf } = made.getClientExtensionResults() as PRFOutputs;
    const output = prf?.results?.first;
    if (output) return { id, salt, key: await passkeyKey(bytesOf(output)) };
    if (prf?.enabled) return this.ask([{ id, salt }]); // many give it only when they are used
    forget(made.rawId);
    throw new VaultError("no_prf");
  }

  async ask(questions: readonly PasskeyQuestion[]): Promise<PasskeyAnswer> {
    const used = await ask((credentials) =>
      credentials.get({
        publicKey: {
          challenge: random(32),
          rpId: location.hostname,
          allowCredentials: questions.map(({ id }) => descriptor(id)),
          userVerification: "required",
          extensions: { prf: { evalByCredential: Object.fromEntries(questions.map(({ id, salt }) => [id, { first: salt }])) } } as AuthenticationExtensionsClientInputs,
        },
      }),
    );
    const id = toBase64(new Uint8Array(used.rawId));
    const question = questions.find((one) => one.id === id);
    const output = (used.getClientExtensionResults() as PRFOutputs).prf?.results?.first;
    if (!question || !output) throw new VaultError("no_prf");
    return { ...question, key: await passkeyKey(bytesOf(output)) };
  }
}

function descriptor(id: string): PublicKeyCredentialDescriptor {
  return { type: "public-key", id: parseBase64(id) ?? concat() };
}

function bytesOf(source: BufferSource): Bytes {
  return concat(source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
}

/** Tells the browser that a passkey is of no use, so that it need not offer it. */
function forget(id: ArrayBuffer): void {
  const { signalUnknownCredential } = PublicKeyCredential as { signalUnknownCredential?: (options: { rpId: string; credentialId: string }) => Promise<void> };
  void signalUnknownCredential?.call(PublicKeyCredential, { rpId: location.hostname, credentialId: toBase64(new Uint8Array(id)) }).catch(() => undefined);
}

/** Waits for the person. What browsers throw says little on purpose: a no, no
 * passkey and a time that ran out are one error. */
async function ask(question: (credentials: CredentialsContainer) => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (typeof PublicKeyCredential === "undefined") throw new VaultError("no_passkeys");
  try {
    const answer = await question(navigator.credentials);
    if (answer) return answer as PublicKeyCredential;
  } catch (cause) {
    throw new VaultError(cause instanceof DOMException && cause.name === "NotSupportedError" ? "no_prf" : cause instanceof DOMException && cause.name === "SecurityError" ? "no_passkeys" : "passkey_refused", cause);
  }
  throw new VaultError("passkey_refused");
}
