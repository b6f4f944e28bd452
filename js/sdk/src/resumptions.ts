import { LinkError } from "./errors.ts";
import type { Locality } from "./localitylevel.ts";
import type { Resumption } from "./sealed.ts";
import type { Assurance } from "./assurance.ts";
import type { Site } from "./wire.ts";

/** What a site keeps of a pairing to open its channel once more. */
export interface KeptResumption extends Resumption {
  /** Origin of the server at which it is opened. */
  readonly server: string;
  /** The account that signed in (CAIP-10). */
  readonly account: string;
  readonly site: Site;
  /** How far the session could be trusted, spec/sealed.md §10. */
  readonly assurance: Assurance;
  /** How near the wallet had to be. */
  readonly locality: Locality;
  /** When it ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

const databaseName = "liaison";
const storeName = "resumptions";
/** Where a site keeps its resumptions. Every call rejects with a LinkError. */
export interface ResumptionStore {
  /** Whether what is kept outlives the page. */
  lasting(): Promise<boolean>;
  /** Keeps one, which this page uses, in the place of all others of its server
   * that no other page uses. */
  put(kept: KeptResumption): Promise<void>;
  /** The one that was kept last for a server, is not over, and that no page uses;
   * from now on this one does. */
  take(server: string): Promise<KeptResumption | undefined>;
  /** This page does not use it any more. */
  release(id: string): void;
  /** Forgets one. */
  remove(id: string): Promise<void>;
  /** Forgets all of a server. */
  clear(server: string): Promise<void>;
}

/** Keeps resumptions in the browser. A key is kept as a key, which no script can
 * export. It is no secret from whoever reads the browser's profile on disk, where
 * it stands unencrypted, nor from a script that runs in the page, which can use it
 * and derive what the site's end of a resumption needs. What limits both is that a
 * resumption is no sign-in, is replaced by the next one, and ends with time or a
 * goodbye, spec/sealed.md §9. A browser that keeps nothing, as some do in a private
 * window, forgets them with the page. */
export class Resumptions implements ResumptionStore {
  readonly #now: () => number;
  readonly #using = new Uses();
  #opening: Promise<Store> | undefined;

  /** The clock gives milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async lasting(): Promise<boolean> {
    return (await this.#store()) instanceof Kept;
  }

  async put(kept: KeptResumption): Promise<void> {
    const store = await this.#store();
    await this.#using.begin(kept.id);
    const used = await this.#using.elsewhere();
    const stale = (await store.all()).filter(({ id, server, expiresAt }) => id === kept.id || expiresAt <= this.#now() || (server === kept.server && !used.has(id)));
    await store.write(plain(kept), stale.map(({ id }) => id));
  }

  async take(server: string): Promise<KeptResumption | undefined> {
    const store = await this.#store();
    const all = await store.all();
    const over = all.filter(({ expiresAt }) => expiresAt <= this.#now());
    if (over.length > 0) await store.write(undefined, over.map(({ id }) => id));
    for (const kept of all.reverse()) {
      // What a script copied out and put back in has no key.
      const usable = kept.server === server && !over.includes(kept) && kept.key instanceof CryptoKey;
      if (usable && (await this.#using.begin(kept.id))) return kept;
    }
    return undefined;
  }

  release(id: string): void {
    this.#using.end(id);
  }

  async remove(id: string): Promise<void> {
    await (await this.#store()).write(undefined, [id]);
  }

  async clear(server: string): Promise<void> {
    const store = await this.#store();
    const gone = (await store.all()).filter((kept) => kept.server === server || kept.expiresAt <= this.#now());
    await store.write(undefined, gone.map(({ id }) => id));
  }

  #store(): Promise<Store> {
    this.#opening ??= openDatabase().then(
      (database) => new Kept(database),
      () => new Remembered(),
    );
    return this.#opening;
  }
}

const lockPrefix = "liaison resumption ";

/** Which resumptions the pages of this browser use: two that wait for one wallet
 * would take it from each other. A browser without locks has no such order. */
class Uses {
  readonly #locks: LockManager | undefined = globalThis.navigator?.locks;
  /** Ends a use of this page's; resolves when others may begin. */
  readonly #mine = new Map<string, () => Promise<unknown>>();
  #ending: Promise<unknown> = Promise.resolve();

  /** Begins to use one; resolves with false if it is in use. */
  async begin(id: string): Promise<boolean> {
    await this.#ending;
    if (this.#mine.has(id)) return false;
    let end = () => {};
    const used = new Promise<void>((resolve) => (end = resolve));
    let over: Promise<unknown> = used;
    this.#mine.set(id, () => (end(), over));
    const free = await new Promise<boolean>((begun) => {
      if (!this.#locks) return begun(true);
      const request = this.#locks.request(lockPrefix + id, { ifAvailable: true }, (lock) => {
        begun(lock !== null);
        return lock ? used : undefined;
      });
      over = request.catch(() => begun(true)); // a page that may not lock
    });
    if (!free) this.#mine.delete(id);
    return free;
  }

  end(id: string): void {
    const ended = this.#mine.get(id)?.();
    this.#mine.delete(id);
    this.#ending = Promise.all([this.#ending, ended]);
  }

  /** Those that other pages use. */
  async elsewhere(): Promise<Set<string>> {
    const { held = [] } = (await this.#locks?.query().catch(() => undefined)) ?? {};
    const ids = held.map(({ name = "" }) => name.slice(lockPrefix.length));
    return new Set(ids.filter((id) => !this.#mine.has(id)));
  }
}

interface Store {
  /** All that is kept, in the order in which it was written. */
  all(): Promise<KeptResumption[]>;
  /** Removes some, then adds one, both or nothing. */
  write(added: KeptResumption | undefined, removed: readonly string[]): Promise<void>;
}

/** In IndexedDB. Its numbers say in which order things were written. */
class Kept implements Store {
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
    // Another tab with a newer version of this page wants to change the store.
    database.onversionchange = () => database.close();
  }

  async all(): Promise<KeptResumption[]> {
    return this.#do("readonly", async (store) => (await done(store.getAll())) as KeptResumption[]);
  }

  async write(added: KeptResumption | undefined, removed: readonly string[]): Promise<void> {
    await this.#do("readwrite", async (store) => {
      for (const id of removed) {
        for (const key of await done(store.index("id").getAllKeys(id))) store.delete(key);
      }
      if (added) store.add(added);
    });
  }

  async #do<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    try {
      const transaction = this.#database.transaction(storeName, mode);
      const ended = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
      // Half of what was to be done must not stay.
      const worked = work(transaction.objectStore(storeName)).catch((cause) => {
        transaction.abort();
        throw cause;
      });
      const [result] = await Promise.all([worked, ended]);
      return result;
    } catch (cause) {
      throw new LinkError("unavailable", { detail: "the browser's storage failed", cause });
    }
  }
}

/** In memory. */
class Remembered implements Store {
  #all: KeptResumption[] = [];

  async all(): Promise<KeptResumption[]> {
    return this.#all;
  }

  async write(added: KeptResumption | undefined, removed: readonly string[]): Promise<void> {
    this.#all = [...this.#all.filter(({ id }) => !removed.includes(id)), ...(added ? [added] : [])];
  }
}

async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName, { autoIncrement: true }).createIndex("id", "id");
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// Only what is named here: a store copies whatever it is given.
function plain({ id, key, server, account, site, assurance, locality, expiresAt }: KeptResumption): KeptResumption {
  return { id, key, server, account, site: { name: site.name, origin: site.origin }, assurance, locality, expiresAt };
}
