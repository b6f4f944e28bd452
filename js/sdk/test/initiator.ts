// Both ends, with Node's own cryptography: an implementation of the handshake that has
// nothing in common with the one under test.
import { createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { signInText } from "../src/signin.ts";

const label = "liaison/1";

/** KDF of spec/sealed.md §2. */
export function derive(secret: Uint8Array, name: string, length: number): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `${label} ${name}`, length));
}

function hash(...parts: Uint8Array[]): Buffer {
  return createHash("sha256").update(Buffer.concat(parts)).digest();
}

function counted(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
}

/** One direction after the handshake. */
class Cipher {
  readonly #key: Uint8Array;
  #count = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(plain: Uint8Array, ad: Uint8Array = new Uint8Array()): Buffer {
    const cipher = createCipheriv("aes-256-gcm", this.#key, this.#nonce()).setAAD(ad);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed: Uint8Array, ad: Uint8Array = new Uint8Array()): Buffer {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, this.#nonce()).setAAD(ad);
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  }

  #nonce(): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(BigInt(this.#count++), 4);
    return nonce;
  }
}

/** What both sides of a handshake know from the start. */
export interface Before {
  readonly prologue: Uint8Array;
  readonly psk: Uint8Array;
  readonly siteKey?: Uint8Array;
}

/** What a link says. */
export function ofLink(uri: string): Before {
  const [, host = "", id = "", blob = ""] = /^liquid:\/\/([^/]+)\/\?requestId=([^#]+)#1\.(.+)$/.exec(uri) ?? [];
  const bytes = Buffer.from(blob, "base64url");
  const prologue = Buffer.concat([Buffer.from(`${label}\0`), counted(host), counted(id), bytes.subarray(0, 2)]);
  return { prologue, psk: derive(bytes.subarray(34), "psk", 32), siteKey: bytes.subarray(2, 34) };
}

/** What was kept of an earlier handshake. */
export function ofResumption({ id, secret }: { id: string; secret: Uint8Array }): Before {
  return { prologue: Buffer.concat([Buffer.from(`${label} resume\0`), counted(id)]), psk: derive(secret, "resume psk", 32) };
}

/** One party of one handshake, and what comes of it. */
export abstract class Party {
  protected readonly ephemeral = generateKeyPairSync("x25519");
  protected readonly before: Before;
  protected chain: Buffer;
  protected hash: Buffer;
  protected cipher: Cipher | undefined;
  protected out!: Cipher;
  protected in!: Cipher;
  #export!: Buffer;

  constructor(before: Before) {
    const name = Buffer.from(`Noise_${before.siteKey ? "NK" : "NN"}psk0_25519_AESGCM_SHA256`);
    this.before = before;
    this.chain = this.hash = name;
    this.hash = hash(this.hash, before.prologue);
    if (before.siteKey) this.hash = hash(this.hash, before.siteKey);
  }

  seal(text: string): string {
    return this.out.seal(Buffer.from(text)).toString("base64url");
  }

  open(payload: string): string {
    return this.in.open(Buffer.from(payload, "base64url")).toString();
  }

  get channelId(): string {
    return `l1.${this.hash.toString("base64url")}`;
  }

  get shortCode(): string {
    return String(derive(this.hash, "sas", 8).readBigUInt64BE() % 1_000_000n).padStart(6, "0");
  }

  get resumption(): { id: string; secret: Uint8Array } {
    return { id: derive(this.#export, "resume id", 16).toString("base64url"), secret: derive(this.#export, "resume secret", 32) };
  }

  /** The MAC of a pong. */
  pong(side: "site" | "wallet", nonce: Uint8Array): string {
    return createHmac("sha256", derive(this.#export, `pong ${side}`, 32)).update(`${label} pong\0`).update(nonce).digest("base64url");
  }

  protected mixPsk(): void {
    const [chain, mixed, key] = this.#hkdf(this.before.psk, 3);
    this.chain = chain!;
    this.hash = hash(this.hash, mixed!);
    this.cipher = new Cipher(key!);
  }

  protected mix(data: Uint8Array): void {
    this.hash = hash(this.hash, data);
    this.#rekey(data);
  }

  protected agree(own: KeyObject, remote: Uint8Array): void {
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x: Buffer.from(remote).toString("base64url") }, format: "jwk" });
    this.#rekey(diffieHellman({ privateKey: own, publicKey }));
  }

  protected sealPayload(payload: Uint8Array): Buffer {
    const sealed = this.cipher!.seal(payload, this.hash);
    this.hash = hash(this.hash, sealed);
    return sealed;
  }

  protected openPayload(sealed: Uint8Array): Buffer {
    const payload = this.cipher!.open(sealed, this.hash);
    this.hash = hash(this.hash, sealed);
    return payload;
  }

  /** The ciphers of the initiator's messages and of the responder's. */
  protected split(): Cipher[] {
    this.#export = derive(this.chain, "export", 32);
    return this.#hkdf(new Uint8Array(), 2).map((key) => new Cipher(key));
  }

  #rekey(input: Uint8Array): void {
    const [chain, key] = this.#hkdf(input, 2);
    this.chain = chain!;
    this.cipher = new Cipher(key!);
  }

  #hkdf(input: Uint8Array, count: number): Buffer[] {
    const bytes = Buffer.from(hkdfSync("sha256", input, this.chain, "", count * 32));
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * 32, (i + 1) * 32));
  }
}

/** The wallet of one handshake. */
export class Initiator extends Party {
  /** Message 1. */
  begin(payload: string): string {
    const e = rawPublic(this.ephemeral.publicKey);
    this.mixPsk();
    this.mix(e);
    if (this.before.siteKey) this.agree(this.ephemeral.privateKey, this.before.siteKey);
    return Buffer.concat([e, this.sealPayload(Buffer.from(payload))]).toString("base64url");
  }

  /** Reads message 2. */
  finish(message: string): string {
    const bytes = Buffer.from(message, "base64url");
    const e = bytes.subarray(0, 32);
    this.mix(e);
    this.agree(this.ephemeral.privateKey, e);
    const payload = this.openPayload(bytes.subarray(32));
    [this.out, this.in] = this.split() as [Cipher, Cipher];
    return payload.toString();
  }
}

/** A link that a site shows, and the site of its handshake. */
export function newLink(host: string, requestId: string, flags = 0): { uri: string; site: Responder } {
  const keys = generateKeyPairSync("x25519");
  const blob = Buffer.concat([Buffer.of(1, flags), rawPublic(keys.publicKey), randomBytes(16)]);
  const uri = `liquid://${host}/?requestId=${requestId}#1.${blob.toString("base64url")}`;
  return { uri, site: new Responder(ofLink(uri), keys.privateKey) };
}

/** The site of one handshake. */
export class Responder extends Party {
  readonly #key: KeyObject | undefined;
  #remote!: Buffer;

  constructor(before: Before, key?: KeyObject) {
    super(before);
    this.#key = key;
  }

  /** Reads message 1. */
  read(message: string): string {
    const bytes = Buffer.from(message, "base64url");
    this.#remote = bytes.subarray(0, 32);
    this.mixPsk();
    this.mix(this.#remote);
    if (this.#key) this.agree(this.#key, this.#remote);
    return this.openPayload(bytes.subarray(32)).toString();
  }

  /** Message 2. */
  answer(payload: string): string {
    const e = rawPublic(this.ephemeral.publicKey);
    this.mix(e);
    this.agree(this.ephemeral.privateKey, this.#remote);
    const message = Buffer.concat([e, this.sealPayload(Buffer.from(payload))]).toString("base64url");
    [this.in, this.out] = this.split() as [Cipher, Cipher];
    return message;
  }
}

function rawPublic(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x!, "base64url");
}

/** Fields that a test changes in what an account signs. */
export type Signed = Partial<Parameters<typeof signInText>[0]>;

/** An account under a key of its own. */
export class Signer {
  readonly chain = "did:key";
  readonly #key: KeyObject;
  readonly address: string;

  constructor(seed = 1) {
    this.#key = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]), format: "der", type: "pkcs8" });
    this.address = `z${base58(Buffer.concat([Buffer.of(0xed, 0x01), rawPublic(createPublicKey(this.#key))]))}`;
  }

  get account(): string {
    return `${this.chain}:${this.address}`;
  }

  /** Signs what a site asks for on a channel, with some fields changed. */
  prove(asked: Parameters<typeof signInText>[0], changed: Signed = {}) {
    return this.sign(signInText({ ...asked, chain: this.chain, address: this.address, ...changed }));
  }

  /** Signs a text. */
  sign(message: string) {
    const signed = Buffer.concat([Buffer.from(`${label} proof\0`), Buffer.from(message)]);
    return { type: "did-key", chain: this.chain, address: this.address, message, signature: sign(null, signed, this.#key).toString("base64url") };
  }
}

function base58(bytes: Uint8Array): string {
  const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  for (; value > 0n; value /= 58n) text = alphabet[Number(value % 58n)] + text;
  return text;
}
