import type { Assurance } from "./assurance.ts";
import { LinkError } from "./errors.ts";
import type { Locality } from "./localitylevel.ts";
import type { Resumption } from "./sealed.ts";
import { openStore, type Store } from "./store.ts";
import { Uses } from "./uses.ts";
import type { Site } from "./wire.ts";

/** A site that a wallet is linked with, and can meet again without a scan. */
export interface Pairing {
  /** Its name, for as long as the two meet again. */
  readonly pairing: string;
  /** Origin of the server at which they meet. */
  readonly server: string;
  /** The site, as it named itself. */
  readonly site: Site;
  /** Whether the site's origin was shown as verified. */
  readonly verified: boolean;
  /** The account that signed in there (CAIP-10). */
  readonly account: string;
  /** What the site was told of how far the account can be trusted. */
  readonly assurance: Assurance;
  /** How near the site asked the wallet to be. */
  readonly locality: Locality;
  /** When it ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What a wallet keeps of a pairing. */
export interface KeptPairing extends Pairing, Resumption {
  /** The resumption that this one came of; empty if there was none. */
  readonly from: string;
}

/** Where a wallet keeps its pairings. Every call rejects with a LinkError. */
export interface PairingStore {
  /** All of them, the newest first. Where the two were cut off while they took new
   * keys, the site may have the ones before: there may be several of one pairing. */
  all(): Promise<KeptPairing[]>;
  /** Keeps one. One that comes of another is kept only if that is still there, else it
   * was forgotten meanwhile ("resumption_unknown"). */
  put(kept: KeptPairing): Promise<void>;
  /** Forgets some by their ids. */
  remove(...ids: string[]): Promise<void>;
  /** This page meets the site of a pairing from now on; false if another page does. */
  use(pairing: string): Promise<boolean>;
  /** It does not any more. */
  release(pairing: string): void;
}

/** What there is of a pairing, the newest first. */
export async function versionsOf(pairing: string, store: PairingStore): Promise<KeptPairing[]> {
  return (await store.all()).filter((kept) => kept.pairing === pairing);
}

/** Keeps pairings in the browser, as {@link Resumptions} does for a site. */
export class Pairings implements PairingStore {
  readonly #now: () => number;
  readonly #using = new Uses("liaison pairing ");
  #opening: Promise<Store<KeptPairing>> | undefined;

  /** The clock gives milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async all(): Promise<KeptPairing[]> {
    const store = await this.#store();
    const all = await store.all();
    const over = all.filter(({ expiresAt, key }) => expiresAt <= this.#now() || !(key instanceof CryptoKey));
    if (over.length > 0) await store.write(undefined, over.map(({ id }) => id));
    return all.filter((kept) => !over.includes(kept)).reverse();
  }

  async put(kept: KeptPairing): Promise<void> {
    if (!(await (await this.#store()).write(plain(kept), [], kept.from || undefined))) throw new LinkError("resumption_unknown");
  }

  async remove(...ids: string[]): Promise<void> {
    await (await this.#store()).write(undefined, ids);
  }

  use(pairing: string): Promise<boolean> {
    return this.#using.begin(pairing);
  }

  release(pairing: string): void {
    this.#using.end(pairing);
  }

  #store(): Promise<Store<KeptPairing>> {
    this.#opening ??= openStore("liaison wallet");
    return this.#opening;
  }
}

// Only what is named here: a store copies whatever it is given.
function plain({ id, key, from, pairing, server, site, verified, account, assurance, locality, expiresAt }: KeptPairing): KeptPairing {
  return { id, key, from, pairing, server, site: { name: site.name, origin: site.origin }, verified, account, assurance, locality, expiresAt };
}
