import { LinkError } from "./errors.ts";

const storeName = "resumptions";

/** What is kept has a name of its own, and may have several versions. */
interface Kept {
  readonly id: string;
}

/** Where records are kept by their ids. */
export interface Store<T extends Kept> {
  /** Whether what is kept outlives the page. */
  readonly lasts: boolean;
  /** All that is kept, in the order in which it was written. */
  all(): Promise<T[]>;
  /** Removes some, then adds one, both or nothing. With the id of one that must be
   * there, nothing is done if it is not, and it resolves with false. */
  write(added: T | undefined, removed: readonly string[], needed?: string): Promise<boolean>;
}

/** In IndexedDB. Its numbers say in which order things were written. */
class Lasting<T extends Kept> implements Store<T> {
  readonly lasts = true;
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
    // Another tab with a newer version of this page wants to change the store.
    database.onversionchange = () => database.close();
  }

  async all(): Promise<T[]> {
    return this.#do("readonly", async (store) => (await done(store.getAll())) as T[]);
  }

  async write(added: T | undefined, removed: readonly string[], needed?: string): Promise<boolean> {
    return this.#do("readwrite", async (store) => {
      const keys = (id: string) => done(store.index("id").getAllKeys(id));
      if (needed !== undefined && (await keys(needed)).length === 0) return false;
      for (const id of removed) {
        for (const key of await keys(id)) store.delete(key);
      }
      if (added) store.add(added);
      return true;
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
class Remembered<T extends Kept> implements Store<T> {
  readonly lasts = false;
  #all: T[] = [];

  async all(): Promise<T[]> {
    return [...this.#all];
  }

  async write(added: T | undefined, removed: readonly string[], needed?: string): Promise<boolean> {
    if (needed !== undefined && !this.#all.some(({ id }) => id === needed)) return false;
    this.#all = [...this.#all.filter(({ id }) => !removed.includes(id)), ...(added ? [added] : [])];
    return true;
  }
}

/** Opens a database of this origin. A browser that keeps nothing, as some do in a
 * private window, forgets what is in it with the page. */
export function openStore<T extends Kept>(name: string): Promise<Store<T>> {
  return openDatabase(name).then(
    (database) => new Lasting<T>(database),
    () => new Remembered<T>(),
  );
}

async function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName, { autoIncrement: true }).createIndex("id", "id");
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
