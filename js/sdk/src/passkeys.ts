// Passkeys of the site: made once an account has been proved by a wallet, and used
// to sign in without one. An entry of its own, "@liaison/client/passkeys", so that a
// page loads it when a person asks for it. Start with registerPasskey and
// signInWithPasskey.

import type { Assurance } from "./assurance.ts";
import { toBase64 } from "./base64.ts";
import { parseBase64, sha256, utf8, type Bytes } from "./bytes.ts";
import { asLinkError, LinkError } from "./errors.ts";
import { abortError } from "./latch.ts";
import { pathPasskeyAuthentication, pathPasskeyRegistration, pathPasskeys, pathSessionPasskey } from "./limits.gen.ts";
import { browserPlatform } from "./platform.ts";
import { Rest, serverOf, type RestPlatform } from "./rest.ts";
import { newKey } from "./session.ts";
import type { SiteLink } from "./site.ts";
import { malformed, object, text } from "./wire.ts";

/** What passkeys need of their surroundings. */
export interface PasskeyPlatform extends RestPlatform {
  /** The browser's authenticators. */
  readonly credentials: Pick<CredentialsContainer, "create" | "get">;
}

/** What all calls have in common. Everything has a default. */
export interface PasskeyOptions {
  /** Origin of the server; by default the page's. A passkey is for the domain of
   * the page, so it must be of that domain. */
  readonly server?: string;
  /** Ends the wait for the person, with "canceled" or "timed_out". */
  readonly signal?: AbortSignal;
  /** What surrounds the SDK; by default the browser. */
  readonly platform?: PasskeyPlatform;
}

/** How to make a passkey. */
export interface RegisterOptions extends PasskeyOptions {
  /** The link on which the account was just proved: the passkey is then bound to
   * its channel, so that a server in the middle cannot have one made. */
  readonly link?: Pick<SiteLink, "requestId" | "channelId">;
  /** What the person calls it: at most 64 bytes. */
  readonly label?: string;
}

/** How to sign in. */
export interface SignInOptions extends PasskeyOptions {
  /** The account that must sign in (CAIP-10); by default any. */
  readonly account?: string;
}

/** A passkey of the account. */
export interface Passkey {
  /** Names it, in base64url. */
  readonly credentialId: string;
  /** What the person calls it; may be empty. */
  readonly label: string;
}

/** Who is signed in. */
export interface PasskeySession {
  /** CAIP-10 name. */
  readonly account: string;
  /** How far it can be trusted that the account is the person's. */
  readonly assurance: Assurance;
}

/** Makes a passkey of the account that is signed in, which must have been proved
 * within ten minutes ("step_up_required"). Call it when the person asks for it:
 * browsers want a click. Rejects with a LinkError: "user_rejected" if the person
 * did not want to, "passkey_exists" if the device has one. */
export async function registerPasskey(options: RegisterOptions = {}): Promise<Passkey> {
  const { link, label = "", signal } = options;
  const channel = link && (link.channelId ?? fail("link_not_claimed", "no wallet has joined the link"));
  const { rest, credentials, begin } = surroundings(options);
  const begun = await begin(pathPasskeyRegistration, link ? { requestId: link.requestId } : {});
  // The challenge holds for this page's channel, whatever the server says; that it
  // says something else is worth a word of its own.
  if (begun.channel !== channel) throw new LinkError("server_mismatch", { detail: "the server names another channel" });
  const publicKey = creationOptions(object(begun.options), await challengeOf(channel ?? "", begun.nonce));
  const made = await ask(credentials.create({ publicKey, ...(signal && { signal }) }), signal);
  const response = made.response as AuthenticatorAttestationResponse;
  const transports = response.getTransports?.() ?? [];
  const stored = object(
    await rest.call("POST", pathPasskeys, {
      credentialId: toBase64(new Uint8Array(made.rawId)),
      clientDataJSON: encode(response.clientDataJSON),
      attestationObject: encode(response.attestationObject),
      ...(transports.length > 0 && { transports }),
      ...(label && { label }),
    }),
  );
  return { credentialId: text(stored.credentialId), label: text(stored.label) };
}

/** Signs in by a passkey alone; or, where somebody is signed in already, proves the
 * same account again. Rejects with a LinkError: "user_rejected" if the person did
 * not want to or has none, "account_mismatch" if it is another account's. */
export async function signInWithPasskey(options: SignInOptions = {}): Promise<PasskeySession> {
  const { account, signal } = options;
  const { rest, credentials, begin } = surroundings(options);
  const begun = await begin(pathPasskeyAuthentication, account ? { account } : {});
  const publicKey = requestOptions(object(begun.options), await challengeOf("", begun.nonce));
  const used = await ask(credentials.get({ publicKey, ...(signal && { signal }) }), signal);
  const response = used.response as AuthenticatorAssertionResponse;
  const body = {
    credentialId: toBase64(new Uint8Array(used.rawId)),
    clientDataJSON: encode(response.clientDataJSON),
    authenticatorData: encode(response.authenticatorData),
    signature: encode(response.signature),
    key: newKey(),
  };
  const signIn = () => rest.call("POST", pathSessionPasskey, body);
  // The server repeats its answer for the same key if the first one was lost.
  const session = object(await signIn().catch((cause: unknown) => (asLinkError(cause).code === "signaling_unreachable" ? signIn() : Promise.reject(cause))));
  return { account: text(session.account), assurance: text(session.assurance) as Assurance };
}

/** What an authenticator is to sign, spec/protocol.md §10.1. */
export async function challengeOf(channel: string, nonce: unknown): Promise<Bytes> {
  if (typeof nonce !== "string" || !/^[A-Za-z0-9]{22,64}$/.test(nonce)) throw malformed("the server gives no nonce");
  return sha256(utf8(`liaison/1 webauthn\0${channel}${nonce}`));
}

// A wallet has just signed this browser in, and the link is fetching the session's
// new id: so often, and with such a pause, it is waited for.
const sessionTries = 20;
const sessionPauseMs = 250;

interface Surroundings {
  readonly rest: Rest;
  readonly credentials: PasskeyPlatform["credentials"];
  /** Begins a ceremony. */
  begin(path: string, body: unknown): Promise<Record<string, unknown>>;
}

function surroundings(options: PasskeyOptions): Surroundings {
  const { signal, platform } = options;
  const credentials = platform?.credentials ?? (typeof PublicKeyCredential === "undefined" ? undefined : navigator.credentials);
  if (!credentials) fail("unsupported_version", "this browser has no passkeys");
  const around = platform ?? browserPlatform();
  const rest = new Rest(around, serverOf(options), signal ?? new AbortController().signal);
  const begin = async (path: string, body: unknown) => {
    for (let tries = 1; ; tries++) {
      try {
        return object(await rest.call("POST", path, body));
      } catch (cause) {
        const { code } = asLinkError(cause);
        const changing = code === "session_rotated" || (code === "session_required" && "link" in options && options.link !== undefined);
        if (!changing || tries === sessionTries) throw cause;
        await new Promise<void>((done) => around.after(sessionPauseMs, done));
      }
    }
  };
  return { rest, credentials, begin };
}

function creationOptions(o: Record<string, unknown>, challenge: Bytes): PublicKeyCredentialCreationOptions {
  const { rp, user, authenticatorSelection } = { rp: object(o.rp), user: object(o.user), authenticatorSelection: object(o.authenticatorSelection) };
  return {
    challenge,
    rp: { id: text(rp.id), name: text(rp.name) },
    user: { id: decode(user.id), name: text(user.name), displayName: text(user.displayName) },
    pubKeyCredParams: list(o.pubKeyCredParams).map(({ alg }) => ({ type: "public-key", alg: Number(alg) })),
    timeout: Number(o.timeout),
    excludeCredentials: descriptors(o.excludeCredentials),
    authenticatorSelection: authenticatorSelection as AuthenticatorSelectionCriteria,
    attestation: "none",
  };
}

function requestOptions(o: Record<string, unknown>, challenge: Bytes): PublicKeyCredentialRequestOptions {
  return { challenge, rpId: text(o.rpId), timeout: Number(o.timeout), allowCredentials: descriptors(o.allowCredentials), userVerification: "required" };
}

function descriptors(value: unknown): PublicKeyCredentialDescriptor[] {
  return list(value).map(({ id, transports }) => ({
    type: "public-key",
    id: decode(id),
    ...(Array.isArray(transports) && { transports: transports as AuthenticatorTransport[] }),
  }));
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function decode(value: unknown): Bytes {
  return parseBase64(text(value)) ?? fail("invalid_message", "the server's options are not base64url");
}

function encode(bytes: ArrayBuffer): string {
  return toBase64(new Uint8Array(bytes));
}

/** Waits for the person. What browsers throw says little on purpose: a no, no
 * passkey and a time that ran out are one error. */
async function ask(answer: Promise<Credential | null>, signal: AbortSignal | undefined): Promise<PublicKeyCredential> {
  try {
    return ((await answer) ?? fail("user_rejected", "no passkey was used")) as PublicKeyCredential;
  } catch (cause) {
    if (signal?.aborted) throw abortError(signal);
    const name = cause instanceof Error || cause instanceof DOMException ? cause.name : "";
    const code = name === "NotAllowedError" ? "user_rejected" : name === "InvalidStateError" ? "passkey_exists" : name === "SecurityError" ? "invalid_peer" : "internal";
    throw cause instanceof LinkError ? cause : new LinkError(code, { detail: asLinkError(cause).detail, cause });
  }
}

function fail(code: "link_not_claimed" | "unsupported_version" | "invalid_message" | "user_rejected", detail: string): never {
  throw new LinkError(code, { detail });
}
