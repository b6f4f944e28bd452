// The file that a wallet is saved in: JSON that a person can tell what it is, with
// the accounts encrypted under a passphrase of the file's own.
import { toBase64 } from "../../../js/sdk/src/base64.ts";
import { parseBase64, utf8, type Bytes } from "../../../js/sdk/src/bytes.ts";
import { VaultError } from "./errors.ts";
import { isKind, type Kind } from "./keys.ts";
import { newStretching, open, passphraseKey, seal } from "./seal.ts";

/** An account as the file has it. Its address follows from the secret. */
export interface BackupAccount {
  readonly kind: Kind;
  readonly secret: Bytes;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

const format = "liaison-wallet-backup";
const version = 1;
const about = "A backup of a Liaison wallet. The accounts in it are encrypted with a passphrase that is nowhere in this file. To use it, open the wallet and choose: Restore a backup.";

/** Most bytes of a file: some thousand accounts. */
export const maxBackupBytes = 1 << 20;
// A file could ask for more work than a phone does in a day, or for so little that
// its passphrase was as good as none.
const iterationBounds = [100_000, 10_000_000] as const;
const maxAccounts = 1000;

/** Everything of a file but what is encrypted. All of it is authenticated. */
interface Header {
  readonly about: string;
  readonly format: string;
  readonly version: number;
  readonly createdAt: string;
  readonly kdf: { readonly name: string; readonly iterations: number; readonly salt: string };
  readonly cipher: string;
}

/** Writes a file. */
export async function writeBackup(accounts: readonly BackupAccount[], passphrase: string, iterations: number, now: number): Promise<string> {
  const stretching = newStretching(passphrase, iterations);
  const header: Header = {
    about,
    format,
    version,
    createdAt: new Date(now).toISOString(),
    kdf: { name: "PBKDF2-SHA-256", iterations, salt: toBase64(stretching.salt) },
    cipher: "AES-256-GCM",
  };
  const plain = utf8(JSON.stringify(accounts.map(({ kind, secret, createdAt }) => ({ kind, secret: toBase64(secret), createdAt }))));
  const { iv, data } = await seal(await passphraseKey(passphrase, stretching), plain, contextOf(header));
  plain.fill(0);
  return `${JSON.stringify({ ...header, iv: toBase64(iv), data: toBase64(data) }, undefined, 2)}\n`;
}

/** Reads a file. Rejects with a VaultError "not_a_backup", "newer_backup", or
 * "wrong_passphrase", which is also the word for a file that was changed. */
export async function readBackup(file: string, passphrase: string): Promise<BackupAccount[]> {
  const { header, iv, data, salt } = parse(file);
  const key = await passphraseKey(passphrase, { salt, iterations: header.kdf.iterations });
  const plain = await open(key, { iv, data }, contextOf(header));
  if (!plain) throw new VaultError("wrong_passphrase");
  try {
    return accountsOf(JSON.parse(new TextDecoder().decode(plain)));
  } finally {
    plain.fill(0);
  }
}

function parse(file: string): { header: Header; iv: Bytes; data: Bytes; salt: Bytes } {
  const o = object(file.length <= maxBackupBytes ? json(file) : undefined);
  if (o.format !== format) throw new VaultError("not_a_backup");
  if (o.version !== version) throw new VaultError(typeof o.version === "number" && o.version > version ? "newer_backup" : "not_a_backup");
  const { name, iterations } = object(o.kdf);
  const header: Header = { about: text(o.about), format, version, createdAt: text(o.createdAt), kdf: { name: text(name), iterations: Number(iterations), salt: text(object(o.kdf).salt) }, cipher: text(o.cipher) };
  if (header.kdf.name !== "PBKDF2-SHA-256" || header.cipher !== "AES-256-GCM") throw new VaultError("newer_backup");
  const [least, most] = iterationBounds;
  if (!Number.isSafeInteger(iterations) || header.kdf.iterations < least || header.kdf.iterations > most) throw new VaultError("not_a_backup");
  return { header, iv: bytes(o.iv, 12, 12), data: bytes(o.data, 16, maxBackupBytes), salt: bytes(header.kdf.salt, 16, 64) };
}

// In an order of its own, whatever the file's is.
function contextOf({ about, format, version, createdAt, kdf, cipher }: Header): string {
  return `liaison vault 1 backup ${JSON.stringify([about, format, version, createdAt, kdf.name, kdf.iterations, kdf.salt, cipher])}`;
}

function accountsOf(value: unknown): BackupAccount[] {
  if (!Array.isArray(value) || value.length > maxAccounts) throw new VaultError("not_a_backup");
  return value.map((one) => {
    const { kind, secret, createdAt } = object(one);
    if (!isKind(kind)) throw new VaultError("newer_backup");
    if (!Number.isSafeInteger(createdAt)) throw new VaultError("not_a_backup");
    return { kind, secret: bytes(secret, 32, 32), createdAt: createdAt as number };
  });
}

function json(file: string): unknown {
  try {
    return JSON.parse(file);
  } catch {
    return undefined;
  }
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new VaultError("not_a_backup");
  return value as Record<string, unknown>;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new VaultError("not_a_backup");
  return value;
}

function bytes(value: unknown, least: number, most: number): Bytes {
  const read = parseBase64(text(value));
  if (!read || read.length < least || read.length > most) throw new VaultError("not_a_backup");
  return read;
}
