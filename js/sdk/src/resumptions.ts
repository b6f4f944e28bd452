import type { Locality } from "./localitylevel.ts";
import type { Resumption } from "./sealed.ts";
import { openStore, type Store } from "./store.ts";
import { Uses } from "./uses.ts";
import type { Assurance } from "./assurance.ts";
import type { Site } from "./wire.ts";

/** What a site keeps of a pairing to open its channel once more. */
export interface KeptResumption extends Resumption {
  /** Id of the first of this pairing; absent in what was kept before there was one. */
  readonly pairing?: string;
  /** Origin of the server at which it is opened. */
  readonly server: string;
  /** The account that signed in (CAIP-10). */
  readonly account: string;
  /** How the site was presented to the wallet. */
  readonly site: Site;
  /** How far the session could be trusted, spec/sealed.md §10. */
  readonly assurance: Assurance;
  /** How near the wallet had to be. */
  readonly locality: Locality;
  /** When it ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

const databaseName = "liaison";
const leavingMs = 250;

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
  readonly #using = new Uses("liaison resumption ");
  #opening: Promise<Store<KeptResumption>> | undefined;

  /** The clock gives milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async lasting(): Promise<boolean> {
    return (await this.#store()).lasts;
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
    // What a script copied out and put back in has no key.
    const usable = all.reverse().filter((kept) => kept.server === server && !over.includes(kept) && kept.key instanceof CryptoKey);
    const free = await this.#first(usable);
    if (free || usable.length === 0) return free;
    // A page that was loaded anew may find its own still in use, by the page that it was.
    await new Promise((done) => setTimeout(done, leavingMs));
    return this.#first(usable);
  }

  /** Begins to use the first that is free. */
  async #first(usable: KeptResumption[]): Promise<KeptResumption | undefined> {
    for (const kept of usable) {
      if (await this.#using.begin(kept.id)) return kept;
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

  #store(): Promise<Store<KeptResumption>> {
    this.#opening ??= openStore(databaseName);
    return this.#opening;
  }
}

// Only what is named here: a store copies whatever it is given.
function plain({ id, pairing = id, key, server, account, site, assurance, locality, expiresAt }: KeptResumption): KeptResumption {
  return { id, pairing, key, server, account, site: { name: site.name, origin: site.origin }, assurance, locality, expiresAt };
}
