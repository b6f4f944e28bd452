// Runs the shared vectors in whatever engine this is: Node has its own WebCrypto
// and Chromium has another, and both must agree with Go.
import { parseBase64, toHex, type Bytes } from "../src/bytes.ts";
import { toBase64 } from "../src/base64.ts";
import { LinkError } from "../src/errors.ts";
import { Initiator } from "../src/initiator.ts";
import { parseText } from "../src/jsonrpc.ts";
import { importSecret, kdf, linkPrologue, type HandshakeInput } from "../src/keys.ts";
import { parseLink } from "../src/link.ts";
import { pairingOf, resume } from "../src/pairing.ts";
import { challengeOf } from "../src/passkeys.ts";
import type { Proof } from "../src/proof.ts";
import { verifyProof } from "../src/proofcheck.ts";
import { checkDescription } from "../src/sdp.ts";
import { Handshake, SealedEnvelope } from "../src/sealed.ts";
import { parseSignInText, signInText, type SignInFields } from "../src/signin.ts";
import { joinToken, successorToken } from "../src/tokens.ts";

/** The files of the folder vectors, parsed, by name without the ending. */
export interface VectorFiles {
  readonly sealed: SealedFile;
  readonly signin: SignInFile;
  readonly proofs: ProofFile;
  readonly sdp?: SDPFile;
  readonly passkeys: PasskeyFile;
  readonly links: LinkFile;
  readonly tokens: TokenFile;
  readonly requests: RequestFile;
}

/** How many cases of each kind ran, and what went wrong. */
export interface Outcome {
  readonly ran: Record<string, number>;
  readonly failures: string[];
}

/** What both kinds of handshakes hold. Bytes are hexadecimal. */
interface HandshakeVector {
  readonly name: string;
  readonly siteEphemeralPrivate: string;
  readonly walletEphemeralPrivate: string;
  readonly payload1: string;
  readonly message1: string;
  readonly payload2: string;
  readonly message2: string;
  readonly channelId: string;
  readonly shortCode: string;
  readonly resumeId: string;
  readonly resumeSecret: string;
  readonly pongNonce: string;
  readonly pongSite: string;
  readonly pongWallet: string;
  readonly walletSends: readonly { readonly plain: string; readonly sealed: string }[];
  readonly siteSends: readonly { readonly plain: string; readonly sealed: string }[];
}

export interface LinkVector extends HandshakeVector {
  readonly link: string;
  readonly host: string;
  readonly requestId: string;
  readonly flags: number;
  readonly key: string;
  readonly sitePrivate: string;
  readonly seed: string;
}

export interface ResumptionVector extends HandshakeVector {
  readonly id: string;
  readonly secret: string;
}

export interface SealedFile {
  readonly kdf: readonly { readonly secret: string; readonly label: string; readonly bytes: number; readonly out: string }[];
  readonly links: readonly LinkVector[];
  readonly resumptions: readonly ResumptionVector[];
  readonly refused: readonly { readonly name: string; readonly of: string; readonly message: number; readonly bytes: string }[];
}

interface SignInFile {
  readonly valid: readonly { readonly name: string; readonly fields: SignInFields; readonly text: string }[];
  readonly unwritable: readonly { readonly name: string; readonly fields: SignInFields; readonly code: string }[];
  readonly unreadable: readonly { readonly name: string; readonly namespace: string; readonly text: string; readonly code: string }[];
}

interface LinkFile {
  /** Flags, key and seed are hexadecimal, and absent from a link that is not sealed. */
  readonly valid: readonly { readonly name: string; readonly link: string; readonly server: string; readonly requestId: string; readonly flags?: string; readonly key?: string; readonly seed?: string }[];
  readonly invalid: readonly { readonly name: string; readonly link: string; readonly code: string }[];
}

interface ProofFile {
  readonly valid: readonly { readonly name: string; readonly proof: Proof }[];
  readonly refused: readonly { readonly name: string; readonly proof: Proof }[];
}

interface PasskeyFile {
  readonly challenges: readonly { readonly name: string; readonly channel: string; readonly nonce: string; readonly challenge: string }[];
}

interface TokenFile {
  readonly joins: readonly { readonly name: string; readonly key: string; readonly requestId: string; readonly token: string }[];
  readonly successors: readonly { readonly name: string; readonly token: string; readonly key: string; readonly next: string }[];
}

interface RequestFile {
  /** The id is JSON, or empty. */
  readonly texts: readonly { readonly name: string; readonly text: string; readonly kind: string; readonly id: string }[];
}

interface SDPFile {
  readonly fingerprint: string;
  readonly valid: readonly { readonly name: string; readonly sdp: string; readonly first?: boolean }[];
  readonly refused: readonly { readonly name: string; readonly sdp: string; readonly first?: boolean }[];
}

/** The chains that the proofs are for. */
export const chains = ["algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k", "eip155:1", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "did:key"];

export async function runVectors(files: VectorFiles): Promise<Outcome> {
  const outcome: Outcome = { ran: {}, failures: [] };
  const run = async <T extends { readonly name: string }>(kind: string, cases: readonly T[], check: (vector: T) => unknown) => {
    outcome.ran[kind] = cases.length;
    for (const vector of cases) {
      try {
        await check(vector);
      } catch (cause) {
        outcome.failures.push(`${kind}: ${vector.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    }
  };
  await runSealed(files.sealed, run);
  await runTexts(files.signin, run);
  await runLinks(files.links, run);
  await run("proofs that hold", files.proofs.valid, ({ proof }) => verifyProof(proof, chains));
  await run("proofs that do not", files.proofs.refused, ({ proof }) => refuses("proof_rejected", () => verifyProof(proof, chains)));
  await run("challenges of passkeys", files.passkeys.challenges, async ({ channel, nonce, challenge }) => equal(toBase64(await challengeOf(channel, nonce)), challenge, "challenge"));
  await run("tokens of joins", files.tokens.joins, async ({ key, requestId, token }) => equal(await joinToken(key, requestId), token, "token"));
  await run("tokens that follow", files.tokens.successors, async ({ token, key, next }) => equal(await successorToken(token, key), next, "token"));
  await run("texts of the channel", files.requests.texts, ({ text, kind, id }) => equal(whatIs(text), `${kind} ${id}`, "kind and id"));
  if (files.sdp) await runDescriptions(files.sdp, run);
  return outcome;
}

type Run = <T extends { readonly name: string }>(kind: string, cases: readonly T[], check: (vector: T) => unknown) => Promise<void>;

async function runSealed(file: SealedFile, run: Run): Promise<void> {
  await run("kdf", file.kdf.map((one) => ({ ...one, name: one.label })), async ({ secret, label, bytes, out }) => {
    equal(toHex(await kdf(await importSecret(fromHex(secret)), label, bytes)), out, "output");
  });
  await run("links", file.links, async (vector) => {
    const { fragment, handshake } = await openLink(vector);
    equal(fragment, vector.link.split("#")[1], "fragment");
    await checkHandshake(vector, handshake);
  });
  await run("resumptions", file.resumptions, async (vector) => checkHandshake(vector, await openResumption(vector)));
  await run("links, for a wallet", file.links, async (vector) => checkInitiator(vector, await joinLink(vector)));
  await run("resumptions, for a wallet", file.resumptions, async (vector) => checkInitiator(vector, await joinResumption(vector)));
  const refused = file.refused.filter(({ message }) => message === 1);
  await run("messages 1 that are refused", refused, async ({ of, bytes }) => {
    const link = file.links.find(({ name }) => name === of);
    const resumption = file.resumptions.find(({ name }) => name === of);
    const handshake = link ? (await openLink(link)).handshake : await openResumption(resumption!);
    await refuses("handshake_failed", () => handshake.read(payload(bytes)));
    await refuses("handshake_failed", () => handshake.read(payload((link ?? resumption!).message1)));
  });
  await run("messages 2 that are refused", file.refused.filter(({ message }) => message === 2), async ({ of, bytes }) => {
    const link = file.links.find(({ name }) => name === of);
    const resumption = file.resumptions.find(({ name }) => name === of);
    const initiator = link ? await joinLink(link) : await joinResumption(resumption!);
    await refuses("handshake_failed", () => initiator.finish(fromHex(bytes)));
    await refuses("handshake_failed", () => initiator.finish(fromHex((link ?? resumption!).message2)));
  });
}

/** The wallet's end of a link with the vector's secrets. */
async function joinLink(vector: LinkVector): Promise<Initiator> {
  const psk = await kdf(await importSecret(fromHex(vector.seed)), "psk", 32);
  const keys = await keyPair(vector.walletEphemeralPrivate);
  return Initiator.begin({ prologue: linkPrologue(vector.host, vector.requestId, vector.flags), psk, remote: fromHex(vector.key), keys }, fromHex(vector.payload1));
}

/** The wallet's end of a resumption with the vector's secrets. */
async function joinResumption(vector: ResumptionVector): Promise<Initiator> {
  const { prologue, psk } = await resume({ id: vector.id, key: await importSecret(fromHex(vector.secret)) });
  return Initiator.begin({ prologue, psk, keys: await keyPair(vector.walletEphemeralPrivate) }, fromHex(vector.payload1));
}

async function checkInitiator(vector: HandshakeVector, initiator: Initiator): Promise<void> {
  equal(toHex(initiator.message), vector.message1, "message 1");
  const { payload: welcome, finished } = await initiator.finish(fromHex(vector.message2));
  equal(toHex(welcome), vector.payload2, "payload 2");
  const envelope = await SealedEnvelope.of(finished, "wallet");
  await checkShared(vector, envelope);
  const nonce = fromHex(vector.pongNonce);
  equal(toHex(await envelope.pong(nonce)), vector.pongWallet, "the wallet's pong");
  equal(await envelope.checkPong(nonce, fromHex(vector.pongSite)), true, "the site's pong");
  equal(await envelope.checkPong(nonce, fromHex(vector.pongWallet)), false, "the wallet's pong turned back");
  for (const { plain, sealed } of vector.siteSends) equal(toHex(await envelope.open(payload(sealed))), plain, "message of the site");
  for (const { plain, sealed } of vector.walletSends) equal(await envelope.seal(fromHex(plain)), payload(sealed), "message of the wallet");
}

/** What both ends come to. */
/** What a text of the channel is, and which id an answer to it has. */
function whatIs(text: string): string {
  const parsed = parseText(text);
  switch (parsed.kind) {
    case "request":
      return `request ${JSON.stringify(parsed.message.id)}`;
    case "answer":
      return `answer ${JSON.stringify(parsed.message.id)}`;
    case "malformed":
      return `malformed ${parsed.message.of} ${parsed.message.id === undefined ? "" : JSON.stringify(parsed.message.id)}`;
    case "batch":
      return "batch null";
    default:
      return `${parsed.kind} `;
  }
}

async function checkShared(vector: HandshakeVector, envelope: SealedEnvelope): Promise<void> {
  equal(envelope.channelId, vector.channelId, "channel id");
  equal(envelope.shortCode, vector.shortCode, "short code");
  equal(envelope.resumption.id, vector.resumeId, "resume id");
  const [ours, theirs] = [envelope.resumption.key, await importSecret(fromHex(vector.resumeSecret))];
  equal(toHex(await kdf(ours, "resume psk", 32)), toHex(await kdf(theirs, "resume psk", 32)), "psk of the next resumption");
}

async function runTexts(file: SignInFile, run: Run): Promise<void> {
  await run("texts", file.valid, ({ fields, text }) => {
    equal(signInText(fields), text, "text");
    equal(JSON.stringify(parseSignInText(text, fields.chain.split(":")[0]!)), JSON.stringify(inOrder(fields)), "fields");
  });
  await run("fields that make no text", file.unwritable, ({ fields, code }) => refuses(code, () => signInText(fields)));
  await run("texts that cannot be read", file.unreadable, ({ text, namespace, code }) => refuses(code, () => parseSignInText(text, namespace)));
}

async function runLinks(file: LinkFile, run: Run): Promise<void> {
  await run("texts that are links", file.valid, ({ link, server, requestId, flags, key, seed }) => {
    const got = parseLink(link);
    equal(got.server, server, "server");
    equal(got.host, server.replace(/^https?:\/\//, ""), "host");
    equal(got.requestId, requestId, "request id");
    const { invitation } = got;
    equal(JSON.stringify(invitation && [toHex(Uint8Array.of(invitation.flags)), toHex(invitation.key), toHex(invitation.seed)]), JSON.stringify(flags && [flags, key, seed]), "invitation");
    equal(invitation?.unsealed, flags && (Number.parseInt(flags, 16) & 1) !== 0, "whether an unsealed wallet may answer");
    equal(invitation?.shortCode, flags && (Number.parseInt(flags, 16) & 2) !== 0, "whether the short code is asked for");
  });
  await run("texts that are no links", file.invalid, ({ link, code }) => refuses(code, () => parseLink(link)));
}

async function runDescriptions(file: SDPFile, run: Run): Promise<void> {
  const check = ({ sdp, first }: { sdp: string; first?: boolean }) => checkDescription(sdp, file.fingerprint, { candidates: !first });
  await run("descriptions that hold", file.valid, check);
  await run("descriptions that do not", file.refused, (vector) => refuses("invalid_peer", () => check(vector)));
}

function inOrder({ domain, address, statement, uri, chain, nonce, issuedAt, expirationTime, channel, resources }: SignInFields): SignInFields {
  return { domain, address, statement, uri, chain, nonce, issuedAt, expirationTime, channel, resources };
}

/** The site's end of a link with the vector's secrets. */
export async function openLink(vector: LinkVector): Promise<{ fragment: string; handshake: Handshake }> {
  const secrets = { keys: await keyPair(vector.sitePrivate), seed: fromHex(vector.seed) };
  const flags = { unsealed: (vector.flags & 1) !== 0, shortCode: (vector.flags & 2) !== 0 };
  const { fragment, input } = await pairingOf(secrets, vector.host, vector.requestId, flags);
  return { fragment, handshake: await begin(vector, input) };
}

function begin(vector: HandshakeVector, input: HandshakeInput): Promise<Handshake> {
  return Handshake.start({ ...input, makeKeys: () => keyPair(vector.siteEphemeralPrivate) });
}

/** The site's end of a resumption with the vector's secrets. */
export async function openResumption(vector: ResumptionVector): Promise<Handshake> {
  const key = await importSecret(fromHex(vector.secret));
  return begin(vector, await resume({ id: vector.id, key }));
}

/** Does the handshake and returns what it leads to. */
export async function shake(vector: HandshakeVector, handshake: Handshake): Promise<SealedEnvelope> {
  equal(toHex(await handshake.read(payload(vector.message1))), vector.payload1, "payload 1");
  const answer = await handshake.answer(fromHex(vector.payload2));
  equal(answer.payload, payload(vector.message2), "message 2");
  return answer.envelope;
}

async function checkHandshake(vector: HandshakeVector, handshake: Handshake): Promise<void> {
  const envelope = await shake(vector, handshake);
  await checkShared(vector, envelope);
  const nonce = fromHex(vector.pongNonce);
  equal(toHex(await envelope.pong(nonce)), vector.pongSite, "the site's pong");
  equal(await envelope.checkPong(nonce, fromHex(vector.pongWallet)), true, "the wallet's pong");
  equal(await envelope.checkPong(nonce, fromHex(vector.pongSite)), false, "the site's pong turned back");
  for (const { plain, sealed } of vector.walletSends) equal(toHex(await envelope.open(payload(sealed))), plain, "message of the wallet");
  for (const { plain, sealed } of vector.siteSends) equal(await envelope.seal(fromHex(plain)), payload(sealed), "message of the site");
}

/** Hexadecimal bytes as the payload of a frame. */
export function payload(hex: string): string {
  return toBase64(fromHex(hex));
}

/** Reads hexadecimal digits. */
export function fromHex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** Fails unless work is refused with a LinkError of this code. */
export async function refuses(code: string, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (cause instanceof LinkError && cause.code === code) return;
    throw new Error(`threw ${String(cause)}, want ${code}`);
  }
  throw new Error(`passed, want ${code}`);
}

function equal<T>(got: T, want: T, what: string): void {
  if (got !== want) throw new Error(`${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

const keyPairs = new Map<string, Promise<CryptoKeyPair>>();

/** The pair of a private key of 32 bytes. */
export function keyPair(privateHex: string): Promise<CryptoKeyPair> {
  const known = keyPairs.get(privateHex) ?? importPair(privateHex);
  keyPairs.set(privateHex, known);
  return known;
}

// PKCS #8 around 32 bytes, and the way through JWK to the public half: WebCrypto
// has no other for a private key that is given.
async function importPair(privateHex: string): Promise<CryptoKeyPair> {
  const der = fromHex(`302e020100300506032b656e04220420${privateHex}`);
  const open = await crypto.subtle.importKey("pkcs8", der, "X25519", true, ["deriveKey"]);
  const { x } = await crypto.subtle.exportKey("jwk", open);
  const publicKey = await crypto.subtle.importKey("raw", parseBase64(x!)!, "X25519", true, []);
  return { publicKey, privateKey: await crypto.subtle.importKey("pkcs8", der, "X25519", false, ["deriveKey"]) };
}
