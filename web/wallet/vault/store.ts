import { VaultError } from "./errors.ts";
import type { Kind } from "./keys.ts";
import type { Sealed, Stretching } from "./seal.ts";

/** The version of what is stored. */
export const storedVersion = 1;

/** The data key, encrypted under a key that only its person can make. */
export interface PassphraseLock extends Stretching {
  readonly wrapped: Sealed;
}

/** The data key, encrypted under what one passkey gives. */
export interface PasskeyLock {
  /** The credential's id, in base64url. */
  readonly id: string;
  readonly label: string;
  /** What the passkey's PRF is asked for. */
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly wrapped: Sealed;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** How the vault can be unlocked. */
export interface Keyring {
  readonly version: typeof storedVersion;
  /** Names the vault: another one has another data key. */
  readonly id: string;
  /** Grows with every change, so that no page overwrites what another has done. */
  readonly revision: number;
  readonly passphrase?: PassphraseLock;
  readonly passkeys: readonly PasskeyLock[];
}

/** One account. Everything but its secret can be read by who reads the disk. */
export interface StoredAccount {
  readonly version: typeof storedVersion;
  readonly kind: Kind;
  readonly address: string;
  readonly secret: Sealed;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** All that a vault has stored. */
export interface Contents {
  readonly keyring: Keyring | undefined;
  /** The oldest first. */
  readonly accounts: readonly StoredAccount[];
}

/** Where a vault is kept. Every call rejects with a VaultError "storage" if the
 * browser fails. */
export interface VaultStore {
  read(): Promise<Contents>;
  /** Writes a keyring and more accounts, all or nothing, in the place of the
   * keyring of a revision (0 if there was none) and of this id. Returns whether
   * that was still there. Accounts that are there already stay as they are. */
  write(keyring: Keyring, replaced: number, added: readonly StoredAccount[]): Promise<boolean>;
  /** Deletes everything. */
  wipe(): Promise<void>;
}

/** Whether a keyring may be written in the place of another one. */
export function mayReplace(old: Keyring | undefined, next: Keyring, replaced: number): boolean {
  return old === undefined ? replaced === 0 : old.revision === replaced && old.id === next.id;
}

const databaseName = "liaison-wallet";
const ringStore = "keyring";
const accountStore = "accounts";
const only = 1;

/** Keeps a vault in IndexedDB. */
export class IndexedStore implements VaultStore {
  #opening: Promise<IDBDatabase> | undefined;

  async read(): Promise<Contents> {
    return this.#do("readonly", async (rings, accounts) => {
      const [keyring, all] = await Promise.all([done(rings.get(only)), done(accounts.getAll())]);
      return { keyring: keyring as Keyring | undefined, accounts: (all as StoredAccount[]).sort((a, b) => a.createdAt - b.createdAt) };
    });
  }

  async write(keyring: Keyring, replaced: number, added: readonly StoredAccount[]): Promise<boolean> {
    return this.#do("readwrite", async (rings, accounts) => {
      if (!mayReplace((await done(rings.get(only))) as Keyring | undefined, keyring, replaced)) return false;
      rings.put(keyring, only);
      for (const account of added) {
        const known = await done(accounts.getKey([account.kind, account.address]));
        if (known === undefined) accounts.add(account);
      }
      return true;
    });
  }

  async wipe(): Promise<void> {
    await this.#do("readwrite", async (rings, accounts) => {
      rings.clear();
      accounts.clear();
    });
  }

  async #do<T>(mode: IDBTransactionMode, work: (rings: IDBObjectStore, accounts: IDBObjectStore) => Promise<T>): Promise<T> {
    try {
      this.#opening ??= openDatabase();
      const transaction = (await this.#opening).transaction([ringStore, accountStore], mode, { durability: "strict" });
      const ended = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
      // Half of what was to be done must not stay.
      const worked = work(transaction.objectStore(ringStore), transaction.objectStore(accountStore)).catch((cause) => {
        transaction.abort();
        throw cause;
      });
      const [result] = await Promise.all([worked, ended]);
      return result;
    } catch (cause) {
      this.#opening = undefined; // it may open again
      throw new VaultError("storage", cause);
    }
  }
}

async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(ringStore);
    request.result.createObjectStore(accountStore, { keyPath: ["kind", "address"] });
  };
  const database = await done(request);
  // Another tab with a newer version of this page wants to change the stores.
  database.onversionchange = () => database.close();
  return database;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
