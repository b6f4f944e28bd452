import { toBase64 } from "../../../js/sdk/src/base64.ts";
import type { Bytes } from "../../../js/sdk/src/bytes.ts";
import { LinkError } from "../../../js/sdk/src/errors.ts";
import type { Proof } from "../../../js/sdk/src/proof.ts";
import { readBackup, writeBackup, type BackupAccount } from "./backup.ts";
import { VaultError } from "./errors.ts";
import { addressOf, kinds, makeSecret, prove, signingKey, type Kind } from "./keys.ts";
import type { Passkeys } from "./passkey.ts";
import { importKey, newStretching, open, passphraseKey, random, seal, type Sealed } from "./seal.ts";
import { storedVersion, type Contents, type Keyring, type PasskeyLock, type StoredAccount, type VaultStore } from "./store.ts";

/** What a person has, or knows, to unlock the vault. */
export type Opener = { readonly passphrase: string } | "passkey";

/** How a vault is protected from the beginning. */
export type Protection = { readonly passphrase: string } | { readonly passkey: string };

/** An account as a person sees it. */
export interface Account {
  readonly kind: Kind;
  readonly address: string;
}

/** Signs for one account on one chain, as the SDK's wallet wants it. */
export interface AccountSigner {
  /** CAIP-2 name. */
  readonly chain: string;
  readonly address: string;
  /** Signs a sign-in text for this account; rejects with a LinkError
   * "invalid_message" for everything else, "key_locked" if the vault is locked. */
  sign(text: string): Promise<Proof>;
}

/** What became of the accounts in a backup. */
export interface Restored {
  readonly added: number;
  /** Those that were there before, and were left as they are. */
  readonly known: number;
}

/** What surrounds a vault. */
export interface VaultPlatform {
  readonly store: VaultStore;
  readonly passkeys: Passkeys;
  /** Milliseconds since 1970. */
  date(): number;
  /** Rounds of PBKDF2 for new passphrases; older ones are brought up to it. */
  readonly iterations: number;
}

/** What is recommended for PBKDF2 with SHA-256 as this is written. */
export const defaultIterations = 600_000;

/** What is in memory while the vault is unlocked: nothing that a script could read
 * as bytes. */
interface Unlocked {
  readonly dataKey: CryptoKey;
  /** Keys that the browser holds, by address. */
  readonly signing: ReadonlyMap<string, CryptoKey>;
}

/** Keeps the secrets of accounts, encrypted under one data key. That key is stored
 * once for each way to unlock, encrypted under what comes from a passphrase or a
 * passkey. Every method rejects with a VaultError. */
export class Vault {
  readonly #platform: VaultPlatform;
  #contents: Contents;
  #unlocked: Unlocked | undefined;
  /** Hears that something has changed: locked, unlocked, other accounts. */
  onchange: (() => void) | undefined;

  private constructor(platform: VaultPlatform, contents: Contents) {
    this.#platform = platform;
    this.#contents = contents;
  }

  /** Reads what is stored. */
  static async load(platform: VaultPlatform): Promise<Vault> {
    return new Vault(platform, await platform.store.read());
  }

  /** Whether there is a vault, and whether it is open. */
  get state(): "none" | "locked" | "unlocked" {
    return this.#unlocked ? "unlocked" : this.#contents.keyring ? "locked" : "none";
  }

  /** The accounts. Their addresses are no secret, so that this needs no key. */
  get accounts(): readonly Account[] {
    return this.#contents.accounts.map(({ kind, address }) => ({ kind, address }));
  }

  /** Whether a passphrase unlocks it. */
  get hasPassphrase(): boolean {
    return this.#contents.keyring?.passphrase !== undefined;
  }

  /** The passkeys that unlock it. */
  get passkeys(): readonly Pick<PasskeyLock, "id" | "label" | "createdAt">[] {
    return (this.#contents.keyring?.passkeys ?? []).map(({ id, label, createdAt }) => ({ id, label, createdAt }));
  }

  /** Makes the vault, with an account of each kind, and leaves it unlocked. */
  async create(protection: Protection): Promise<void> {
    const now = this.#platform.date();
    const accounts = await Promise.all(kinds.map(async (kind, i): Promise<BackupAccount> => ({ kind, secret: await makeSecret(kind), createdAt: now + i })));
    await this.#make(protection, accounts);
  }

  /** Makes the vault of a backup, which gives it its passphrase, too. */
  async createFrom(file: string, passphrase: string): Promise<void> {
    await this.#make({ passphrase }, await readBackup(file, passphrase));
  }

  /** Unlocks it. Rejects with "wrong_passphrase", or "passkey_refused". */
  async unlock(opener: Opener): Promise<void> {
    await this.#refresh();
    const raw = await this.#dataKey(opener);
    try {
      await this.#stretchMore(opener, raw);
    } finally {
      await this.#enter(raw);
    }
  }

  /** Forgets the keys. */
  lock(): void {
    if (!this.#unlocked) return;
    this.#unlocked = undefined;
    this.onchange?.();
  }

  /** Adds an account. */
  async addAccount(kind: Kind): Promise<void> {
    await this.#add([{ kind, secret: await makeSecret(kind), createdAt: this.#platform.date() }]);
  }

  /** Sets the passphrase, or another one. opener proves that its person asks. */
  async setPassphrase(opener: Opener, passphrase: string): Promise<void> {
    await this.#rewrap(opener, async (raw, keyring) => ({ ...keyring, passphrase: await passphraseLock(keyring.id, raw, passphrase, this.#platform.iterations) }));
  }

  /** Takes the passphrase away; there must be a passkey. */
  async removePassphrase(opener: Opener): Promise<void> {
    await this.#rewrap(opener, async (_, { passphrase: __, ...keyring }) => keyring);
  }

  /** Adds a passkey. opener proves that its person asks. Rejects with "no_prf" if
   * it cannot be used for this. */
  async addPasskey(opener: Opener, label: string): Promise<void> {
    await this.#rewrap(opener, async (raw, keyring) => ({ ...keyring, passkeys: [...keyring.passkeys, await this.#passkeyLock(keyring, raw, label)] }));
  }

  /** Takes a passkey away; there must be another way to unlock. */
  async removePasskey(opener: Opener, id: string): Promise<void> {
    await this.#rewrap(opener, async (_, keyring) => ({ ...keyring, passkeys: keyring.passkeys.filter((one) => one.id !== id) }));
  }

  /** Writes a backup under a passphrase of its own. opener proves that its person
   * asks. */
  async export(opener: Opener, passphrase: string): Promise<string> {
    const { dataKey } = this.#open();
    (await this.#dataKey(opener)).fill(0);
    const accounts: BackupAccount[] = [];
    try {
      for (const stored of this.#contents.accounts) accounts.push({ kind: stored.kind, secret: await reveal(dataKey, stored), createdAt: stored.createdAt });
      return await writeBackup(accounts, passphrase, this.#platform.iterations, this.#platform.date());
    } finally {
      wipe(accounts);
    }
  }

  /** Adds the accounts of a backup; those that are there stay as they are. */
  async restore(file: string, passphrase: string): Promise<Restored> {
    this.#open();
    return this.#add(await readBackup(file, passphrase));
  }

  /** Deletes everything, for good. */
  async wipe(): Promise<void> {
    await this.#platform.store.wipe();
    this.#contents = { keyring: undefined, accounts: [] };
    this.#unlocked = undefined;
    this.onchange?.();
  }

  /** Lends an account's signature. What signs is looked up when it is asked to, so
   * a vault that was locked meanwhile refuses. */
  signer({ kind, address }: Account, chain: string): AccountSigner {
    return {
      chain,
      address,
      sign: async (text) => {
        const { dataKey, signing } = this.#unlocked ?? fail(new LinkError("key_locked", { remedy: "Unlock the wallet and try again." }));
        const stored = this.#contents.accounts.find((one) => one.kind === kind && one.address === address) ?? fail(new LinkError("key_locked", { detail: "there is no such account" }));
        return prove(kind, chain, address, text, { key: signing.get(address), reveal: () => reveal(dataKey, stored) });
      },
    };
  }

  async #make(protection: Protection, accounts: readonly BackupAccount[]): Promise<void> {
    const raw = random(32);
    try {
      const base: Keyring = { version: storedVersion, id: toBase64(random(16)), revision: 1, passkeys: [] };
      const keyring: Keyring =
        "passphrase" in protection
          ? { ...base, passphrase: await passphraseLock(base.id, raw, protection.passphrase, this.#platform.iterations) }
          : { ...base, passkeys: [await this.#passkeyLock(base, raw, protection.passkey)] };
      const dataKey = await importKey(raw.slice());
      const stored = await Promise.all(accounts.map((account) => store(dataKey, account)));
      if (!(await this.#platform.store.write(keyring, 0, stored))) throw new VaultError("exists");
      await this.#refresh();
      await this.#enter(raw);
    } finally {
      raw.fill(0);
      wipe(accounts);
    }
  }

  async #add(accounts: readonly BackupAccount[]): Promise<Restored> {
    const { dataKey } = this.#open();
    try {
      const stored = await Promise.all(accounts.map((account) => store(dataKey, account)));
      const known = new Set(this.#contents.accounts.map(nameOf));
      const added = stored.filter((account) => !known.has(nameOf(account)) && known.add(nameOf(account)));
      if (added.length > 0) await this.#write((keyring) => keyring, added);
      this.#unlocked = { dataKey, signing: await signingKeys(dataKey, this.#contents.accounts) };
      this.onchange?.();
      return { added: added.length, known: accounts.length - added.length };
    } finally {
      wipe(accounts);
    }
  }

  /** The data key's bytes, which the caller wipes. */
  async #dataKey(opener: Opener): Promise<Bytes> {
    const keyring = this.#keyring();
    if (opener === "passkey") {
      if (keyring.passkeys.length === 0) throw new VaultError("passkey_refused");
      const { id, key } = await this.#platform.passkeys.ask(keyring.passkeys);
      const { wrapped } = keyring.passkeys.find((one) => one.id === id) ?? fail(new VaultError("passkey_refused"));
      return (await open(key, wrapped, wrapContext(keyring.id, id))) ?? fail(new VaultError("damaged"));
    }
    const { passphrase } = keyring;
    if (!passphrase) throw new VaultError("wrong_passphrase");
    const key = await passphraseKey(opener.passphrase, passphrase);
    return (await open(key, passphrase.wrapped, wrapContext(keyring.id, ""))) ?? fail(new VaultError("wrong_passphrase"));
  }

  /** Brings a passphrase of old up to what is asked of a new one. */
  async #stretchMore(opener: Opener, raw: Bytes): Promise<void> {
    const { passphrase } = this.#keyring();
    const { iterations } = this.#platform;
    if (opener === "passkey" || !passphrase || passphrase.iterations >= iterations) return;
    try {
      const lock = await passphraseLock(this.#keyring().id, raw, opener.passphrase, iterations);
      await this.#write((keyring) => ({ ...keyring, passphrase: lock }), []);
    } catch {
      // The next time, then: it is the right passphrase in any case.
    }
  }

  /** Changes how the vault is unlocked. */
  async #rewrap(opener: Opener, change: (raw: Bytes, keyring: Keyring) => Promise<Keyring>): Promise<void> {
    this.#open();
    const raw = await this.#dataKey(opener);
    try {
      const changed = await change(raw, this.#keyring());
      if (!changed.passphrase && changed.passkeys.length === 0) throw new VaultError("last_method");
      await this.#write(() => changed, []);
    } finally {
      raw.fill(0);
    }
    this.onchange?.();
  }

  async #passkeyLock(keyring: Keyring, raw: Bytes, label: string): Promise<PasskeyLock> {
    const { id, salt, key } = await this.#platform.passkeys.create(label, keyring.passkeys.map((one) => one.id));
    return { id, label, salt, wrapped: await seal(key, raw, wrapContext(keyring.id, id)), createdAt: this.#platform.date() };
  }

  /** Takes the data key into use, and wipes it. */
  async #enter(raw: Bytes): Promise<void> {
    const dataKey = await importKey(raw);
    this.#unlocked = { dataKey, signing: await signingKeys(dataKey, this.#contents.accounts) };
    this.onchange?.();
  }

  async #write(change: (keyring: Keyring) => Keyring, added: readonly StoredAccount[]): Promise<void> {
    const { revision } = this.#keyring();
    const written = await this.#platform.store.write({ ...change(this.#keyring()), revision: revision + 1 }, revision, added);
    await this.#refresh();
    if (!written) throw new VaultError("changed_elsewhere");
  }

  /** Looks at what another tab may have done. A vault that is another one now has
   * another data key. */
  async #refresh(): Promise<void> {
    const before = this.#contents.keyring?.id;
    this.#contents = await this.#platform.store.read();
    if (before !== undefined && this.#contents.keyring?.id !== before) this.lock();
  }

  #keyring(): Keyring {
    return this.#contents.keyring ?? fail(new VaultError("missing"));
  }

  #open(): Unlocked {
    return this.#unlocked ?? fail(new VaultError("locked"));
  }
}

function nameOf({ kind, address }: Account): string {
  return `${kind}:${address}`;
}

// What is encrypted for one account, or one way to unlock, opens for no other.
function accountContext(account: Account): string {
  return `liaison vault ${storedVersion} account ${nameOf(account)}`;
}

function wrapContext(vault: string, passkey: string): string {
  return `liaison vault ${storedVersion} data key ${vault} ${passkey ? `passkey ${passkey}` : "passphrase"}`;
}

async function passphraseLock(vault: string, raw: Bytes, passphrase: string, iterations: number): Promise<NonNullable<Keyring["passphrase"]>> {
  const stretching = newStretching(passphrase, iterations);
  const wrapped: Sealed = await seal(await passphraseKey(passphrase, stretching), raw, wrapContext(vault, ""));
  return { ...stretching, wrapped };
}

async function store(dataKey: CryptoKey, { kind, secret, createdAt }: BackupAccount): Promise<StoredAccount> {
  const address = (await addressOf(kind, secret)) ?? fail(new VaultError("damaged"));
  return { version: storedVersion, kind, address, createdAt, secret: await seal(dataKey, secret, accountContext({ kind, address })) };
}

async function reveal(dataKey: CryptoKey, account: StoredAccount): Promise<Bytes> {
  return (await open(dataKey, account.secret, accountContext(account))) ?? fail(new VaultError("damaged"));
}

/** The keys that the browser can hold itself. One account that is damaged keeps
 * nobody from the others: it fails when it is to sign. */
async function signingKeys(dataKey: CryptoKey, accounts: readonly StoredAccount[]): Promise<Map<string, CryptoKey>> {
  const keys = new Map<string, CryptoKey>();
  for (const account of accounts) {
    const secret = await open(dataKey, account.secret, accountContext(account));
    const key = secret && (await signingKey(account.kind, secret));
    secret?.fill(0);
    if (key) keys.set(account.address, key);
  }
  return keys;
}

function wipe(accounts: readonly BackupAccount[]): void {
  for (const { secret } of accounts) secret.fill(0);
}

function fail(error: Error): never {
  throw error;
}
