// The wallet's role: it reads a link, shows its person who asks for what, signs in,
// and holds the other end of the channel.
//
//	const request = await readLink(link, { app: "Example 1.0" });
//	show(request.site.origin, request.verified, request.text(account));
//	const link = (await person()) ? await request.approve(signer) : await request.reject();

import type { Assurance } from "./assurance.ts";
import { asLinkError, LinkError } from "./errors.ts";
import type { WalletEvent } from "./events.ts";
import { abortError, Latch, within } from "./latch.ts";
import { parseLink } from "./link.ts";
import type { LocalityReport } from "./locality.ts";
import type { Locality } from "./localitylevel.ts";
import { Pairings, versionsOf, type KeptPairing, type Pairing } from "./pairings.ts";
import type { PathKind } from "./path.ts";
import { browserPlatform } from "./platform.ts";
import { backoffMs } from "./backoff.ts";
import type { Site } from "./wire.ts";
import { WalletConnection, type Destination, type Signer, type WalletAccount, type WalletPlatform, type WalletSettings } from "./walletconnection.ts";
import { WalletEnvelope } from "./walletenvelope.ts";

export type { WalletEvent, WalletNews } from "./events.ts";
export { parseLink, type Invitation, type Link } from "./link.ts";
export type { KeptPairing, Pairing, PairingStore } from "./pairings.ts";
export type { Proof, ProofMeta } from "./proof.ts";
export { parseSignInText, signInText, type SignInFields } from "./signin.ts";
export type { Signer, WalletAccount, WalletPlatform } from "./walletconnection.ts";

/** How a wallet links. Everything has a default. */
export interface WalletOptions {
  /** Name and version of the wallet for the site's person: at most 64 bytes of
   * printable text. */
  readonly app?: string;
  /** How near the site must be at least, whatever it asks for itself; by default
   * "off", which leaves it to the site. */
  readonly locality?: Locality;
  /** Lets {@link WalletRequest.approve} sign for a site whose origin is not verified.
   * Whoever made the code may then be anybody, and be signed in as this account at
   * the site that he names. Without it such a request is refused ("origin_denied"). */
  readonly allowUnverified?: boolean;
  /** Asks the person once more where "prefer" is asked for and the site is not near.
   * By default that is a no ("not_local"). */
  readonly confirmRemote?: (report: LocalityReport) => Promise<boolean>;
  /** Whether the pairing is kept, if the site lets it be; by default it is. */
  readonly resume?: boolean;
  /** See the option of the site. */
  readonly candidates?: PathKind;
  /** Ends the link when aborted, with "canceled" or "timed_out", and so that it can
   * be resumed. */
  readonly signal?: AbortSignal;
  /** Hears everything that happens, in order. It must not throw. */
  readonly onEvent?: (event: WalletEvent) => void;
  /** How long the two may take to connect, in milliseconds; by default 90 s. */
  readonly openTimeoutMs?: number;
  /** What surrounds the SDK; by default the browser. */
  readonly platform?: WalletPlatform;
}

/** What a site asks of a wallet. The person must be shown it, and then one of approve
 * and reject called, once. It ends by itself after three minutes. */
export interface WalletRequest {
  /** Who asks. Show the origin, and whether it is verified, before the name, which can
   * be anything. */
  readonly site: Site;
  /** Whether the site's origin is its own (spec/sealed.md §7). */
  readonly verified: boolean;
  /** CAIP-2 names of the chains whose accounts may sign in. */
  readonly chains: readonly string[];
  /** A sentence of the site's for the person; may be empty. */
  readonly statement: string;
  /** Whether the site has the short code typed in any case. */
  readonly asksCode: boolean;
  /** The six digits, "ddd ddd". */
  readonly shortCode: string;
  /** How near the two must be: the stricter of what both ask for. */
  readonly locality: Locality;
  /** For how long the person may still think, in milliseconds. */
  readonly lifeMs: number;
  /** The whole text that approve has a signer sign. Throws "invalid_peer" if the site
   * takes no account of that chain. */
  text(account: WalletAccount): string;
  /** Signs, claims the link, and resolves when the server has accepted that. Call it
   * only after the person said yes. The signal gives all of that up. Whatever it rejects
   * with has ended the request: "origin_denied", "proof_rejected", the signer's own error,
   * and others. */
  approve(signer: Signer, options?: { readonly signal?: AbortSignal }): Promise<WalletLink>;
  /** Tells the site that the person said no. The signal ends the waiting; the site is
   * told all the same. */
  reject(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Resolves with the reason when it is over. */
  readonly closed: Promise<LinkError>;
}

/** The wallet's end of one link, or of a resumption. */
export interface WalletLink {
  /** Name of the {@link Pairing} that can be met again; undefined if it is not kept. */
  readonly pairing: string | undefined;
  /** Who is at the other end. */
  readonly site: Site;
  /** Whether the site's origin is its own (spec/sealed.md §7). */
  readonly verified: boolean;
  /** The account that signed in (CAIP-10). */
  readonly account: string;
  /** What the site was told of how far the account can be trusted. */
  readonly assurance: Assurance | undefined;
  /** How near the site is; undefined if that was not measured, or not yet. */
  readonly locality: LocalityReport | undefined;
  /** The six digits that the person types at the site if it asks for them. */
  readonly shortCode: string;
  /** Waits for the direct channel. */
  opened(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Sends a text to the site. Throws "channel_closed", "too_large" beyond 64 KiB. */
  send(text: string): void;
  /** Says goodbye and ends the link for both sides: neither can resume it. */
  close(): void;
  /** Leaves without a goodbye: the pairing can be resumed. */
  suspend(): void;
  /** Resolves with the reason when the link is over; never rejects. */
  readonly closed: Promise<LinkError>;
}

/** Goes to where a link leads, in either of its forms, shakes hands with the site's
 * page, and resolves with what that asks. The site learns that a wallet has come and
 * its app's name, and nothing else; no address leaves before approve. Rejects with a
 * LinkError: "invalid_link", "unsupported_version", "unsealed_refused" for a link that
 * is not sealed, "link_unknown", "link_expired", "link_taken", "handshake_failed",
 * "timed_out" if the page does not answer, "invalid_peer" if what is asked must not be
 * shown to anybody, "signaling_unreachable", and others of the server. */
export async function readLink(link: string, options: WalletOptions = {}): Promise<WalletRequest> {
  const { server, host, requestId, invitation } = parseLink(link);
  if (!invitation) throw new LinkError("unsealed_refused", { detail: "the link has no invitation" });
  const connection = new WalletConnection(settingsOf(server, options));
  await begin(connection, { requestId, begin: (hello) => WalletEnvelope.ofLink(host, requestId, invitation, hello) });
  return new Request(connection);
}

/** What {@link connectWallet} takes. */
export interface ConnectWalletOptions extends WalletOptions {
  /** What the QR code says. */
  readonly link: string;
  /** The account that is to sign in. */
  readonly signer: Signer;
  /** Asks the person, and resolves with whether the answer is yes. The signal is aborted
   * when there is nothing left to answer: take the question away. */
  readonly confirm: (request: WalletRequest, options: { readonly signal: AbortSignal }) => Promise<boolean>;
}

/** The whole way in one call: reads a link, has the person asked, and signs. A no
 * rejects with "user_rejected". */
export async function connectWallet(options: ConnectWalletOptions): Promise<WalletLink> {
  const { link, signer, confirm, ...others } = options;
  const request = await readLink(link, others);
  if (await ask(request, confirm)) return request.approve(signer, others.signal && { signal: others.signal });
  await request.reject();
  throw new LinkError("user_rejected");
}

/** Waits for the person as long as there is somebody to be answered. */
async function ask(request: WalletRequest, confirm: ConnectWalletOptions["confirm"]): Promise<boolean> {
  const over = new AbortController();
  void request.closed.then((reason) => over.abort(reason));
  try {
    return await within((async () => confirm(request, { signal: over.signal }))(), over.signal);
  } catch (cause) {
    void request.reject().catch(() => undefined);
    throw asLinkError(cause);
  }
}

/** The sites that this browser's wallet is linked with, the newest first. */
export async function listPairings({ platform = walletPlatform() }: Pick<WalletOptions, "platform"> = {}): Promise<Pairing[]> {
  const seen = new Set<string>();
  return (await platform.pairings.all()).filter(({ pairing }) => !seen.has(pairing) && seen.add(pairing)).map(shown);
}

/** Forgets a pairing. The site is not told: where it is there, close its link. */
export async function forgetPairing({ pairing }: Pick<Pairing, "pairing">, { platform = walletPlatform() }: Pick<WalletOptions, "platform"> = {}): Promise<void> {
  await platform.pairings.remove(...(await versionsOf(pairing, platform.pairings)).map(({ id }) => id));
}

// The longest pause between two looks for the site: somebody who has loaded its page
// anew is waiting.
const longestPauseMs = 2_000;

/** Meets the site of a pairing again, without a scan and without a prompt: whether to
 * ask the person first is the caller's to decide. It waits until the site is there,
 * and resolves when the channel is open; the signal ends the wait. Rejects with
 * "resumption_unknown", "replaced" if another page of this browser meets it, and
 * otherwise as readLink does. */
export async function resumeWallet({ pairing }: Pick<Pairing, "pairing">, options: WalletOptions = {}): Promise<WalletLink> {
  const platform = options.platform ?? walletPlatform();
  if (!(await platform.pairings.use(pairing))) throw new LinkError("replaced", { detail: "another page meets this site" });
  try {
    const link = await meetAgain(pairing, { ...options, platform });
    void link.closed.then(() => platform.pairings.release(pairing));
    return link;
  } catch (cause) {
    platform.pairings.release(pairing);
    throw cause;
  }
}

async function meetAgain(pairing: string, options: WalletOptions & { readonly platform: WalletPlatform }): Promise<WalletConnection> {
  const { platform, signal } = options;
  for (let attempt = 0; ; attempt++) {
    const known = await versionsOf(pairing, platform.pairings);
    if (known.length === 0) throw new LinkError("resumption_unknown");
    for (const kept of known) {
      if (signal?.aborted) throw abortError(signal);
      const outcome = await meetOnce(kept, options);
      if (outcome instanceof WalletConnection) return outcome;
      // The site has what came of this attempt, or the one before, but nothing that came
      // of an earlier attempt with the one before.
      const stale = outcome.next ? known.filter(({ from, id }) => from === kept.id && id !== outcome.next!.id) : [];
      if (stale.length > 0) await platform.pairings.remove(...stale.map(({ id }) => id));
      if (!isAbsent(outcome.error)) throw outcome.error;
    }
    await pause(platform, Math.min(longestPauseMs, backoffMs(attempt, platform.random())), signal);
  }
}

/** One attempt. Only one that succeeds tells of its end. */
async function meetOnce(kept: KeptPairing, options: WalletOptions): Promise<WalletConnection | { error: LinkError; next: KeptPairing | undefined }> {
  let live = false;
  const onEvent = options.onEvent && ((event: WalletEvent) => {
    live ||= event.type === "open";
    if (live || event.type !== "closed") options.onEvent!(event);
  });
  const connection = new WalletConnection(settingsOf(kept.server, { ...options, ...(onEvent && { onEvent }) }));
  try {
    await begin(connection, { requestId: kept.id, resumes: kept, begin: (hello) => WalletEnvelope.ofResumption(kept, hello) });
    await connection.resume();
    return connection;
  } catch (cause) {
    const error = asLinkError(cause);
    connection.end(error);
    return { error, next: connection.next };
  }
}

const absences = new Set(["link_forbidden", "link_unknown", "link_expired", "link_closed", "link_taken", "replaced", "peer_lost"]);

/** Whether that means that the site is not there at the moment, or waits anew, where what
 * this wallet has joined is not open any more. */
function isAbsent({ code, retryable }: LinkError): boolean {
  return absences.has(code) || (retryable && code !== "timed_out" && code !== "ice_failed" && code !== "internal" && code !== "canceled");
}

async function pause(platform: WalletPlatform, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const wait = new Latch<void>();
  const cancel = platform.after(ms, () => wait.set());
  const stop = platform.online(() => wait.set());
  await wait.wait(signal).finally(() => (cancel(), stop()));
}

function shown({ pairing, server, site, verified, account, assurance, locality, expiresAt }: Pairing): Pairing {
  return { pairing, server, site, verified, account, assurance, locality, expiresAt };
}

/** Goes there; whatever ends the connection ends that at once. */
async function begin(connection: WalletConnection, destination: Destination): Promise<void> {
  try {
    await Promise.race([connection.start(destination), connection.closed.then((reason) => Promise.reject(reason))]);
  } catch (cause) {
    const error = asLinkError(cause);
    connection.end(error);
    throw error;
  }
}

/** The browser's own surroundings, with its pairings. */
export function walletPlatform(): WalletPlatform {
  return { ...browserPlatform(), pairings: new Pairings() };
}

function settingsOf(server: string, options: WalletOptions): WalletSettings {
  const { app = "", locality = "off", allowUnverified = false, confirmRemote, resume = true, candidates = "host", signal, onEvent, openTimeoutMs = 90_000 } = options;
  return { server, platform: options.platform ?? walletPlatform(), app, locality, allowUnverified, confirmRemote, keeps: resume, candidates, signal, onEvent, openTimeoutMs };
}

class Request implements WalletRequest {
  readonly #connection: WalletConnection;

  constructor(connection: WalletConnection) {
    this.#connection = connection;
  }

  get site(): Site {
    return this.#connection.site;
  }
  get verified(): boolean {
    return this.#connection.verified;
  }
  get chains(): readonly string[] {
    return this.#connection.signIn.chains;
  }
  get statement(): string {
    return this.#connection.signIn.statement;
  }
  get asksCode(): boolean {
    return this.#connection.asksShortCode;
  }
  get shortCode(): string {
    return this.#connection.shortCode;
  }
  get locality(): Locality {
    return this.#connection.wishes;
  }
  get lifeMs(): number {
    return this.#connection.lifeMs;
  }
  get closed(): Promise<LinkError> {
    return this.#connection.closed;
  }

  text(account: WalletAccount): string {
    return this.#connection.text(account);
  }

  async approve(signer: Signer, { signal }: { readonly signal?: AbortSignal } = {}): Promise<WalletLink> {
    await this.#connection.approve(signer, signal);
    return this.#connection;
  }

  reject({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return within(this.#connection.reject(), signal);
  }
}
