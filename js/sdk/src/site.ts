import type { Assurance } from "./assurance.ts";
import { asLinkError, LinkError } from "./errors.ts";
import type { LinkEvent } from "./events.ts";
import type { Confirmation } from "./gate.ts";
import { maxResumeSeconds } from "./limits.gen.ts";
import type { LocalityReport } from "./locality.ts";
import type { Locality } from "./localitylevel.ts";
import { createPairing, resume } from "./pairing.ts";
import type { PathKind } from "./path.ts";
import { browserPlatform, type Platform } from "./platform.ts";
import type { ChainLookups } from "./proof.ts";
import { serverOf, type Rest } from "./rest.ts";
import type { KeptResumption } from "./resumptions.ts";
import { SiteConnection, type Legacy, type Opening, type SiteSettings } from "./siteconnection.ts";
import type { Challenge, Site } from "./wire.ts";

/** How to open a link. Everything has a default. */
export interface SiteOptions extends ChainLookups {
  /** Origin of the server, "https://auth.example.com"; by default the page's. */
  readonly server?: string;
  /** Who the wallet is told to talk to; by default what the server says of itself.
   * Wallets refuse an origin that is not the one in the text to sign. */
  readonly site?: Site;
  /** "sas" has the person type the six digits that the wallet shows, before the
   * channel opens; by default "none". */
  readonly confirm?: "none" | "sas";
  /** How near the wallet must be, spec/sealed.md §8; by default "report". With
   * "prefer" the code is asked for if it is not near. */
  readonly locality?: Locality;
  /** What becomes of a wallet of another protocol, which does not seal: by default
   * "warn". Where the code is asked for, or a locality of "prefer" or "require", it is
   * "deny" ("unsealed_refused"). Otherwise the link's assurance is "server-asserted". */
  readonly legacy?: Legacy;
  /** The widest kind of candidates that leave this page: "host", the default, is all of
   * them, those of the local network included; "srflx" is what a STUN server saw, and
   * relays; "relay" is relays alone, and no address of this device: where the server names
   * no relay, it is "ice_failed" at once. With the last two no address of the other side's
   * local network is tried either. */
  readonly candidates?: PathKind;
  /** For how many seconds the pairing may be resumed; by default for 30 days,
   * which is the most. */
  readonly resume?: false | number;
  /** Ends the link when aborted, with "canceled" or "timed_out", and so that it
   * can be resumed. */
  readonly signal?: AbortSignal;
  /** Hears everything that happens, in order. It must not throw. */
  readonly onEvent?: (event: LinkEvent) => void;
  /** How long a wallet that has answered may take to connect, in milliseconds; by
   * default 90 s, which outlasts a connection lost for 60 s. */
  readonly openTimeoutMs?: number;
  /** What surrounds the SDK; by default the browser. */
  readonly platform?: Platform;
}

/** How long to wait for something. */
export interface WaitOptions {
  /** Ends the waiting, not the link. */
  readonly signal?: AbortSignal;
}

/** The site's end of one link, or of a resumption. */
export interface SiteLink {
  /** Its name at the server. */
  readonly requestId: string;
  /** What the QR code must show. It holds a secret: show it, and send it nowhere.
   * Empty once a wallet has joined, and for a resumption. */
  readonly uri: string;
  /** How the site is presented to the wallet. */
  readonly site: Site;
  /** How long the link waits for a wallet, in milliseconds; Infinity for a
   * resumption. */
  readonly lifeMs: number;
  /** Whose pairing a resumption continues; undefined for a link. */
  readonly resumes: Pick<KeptResumption, "account"> | undefined;
  /** Names the pairing, and is the same on each link that resumes it; undefined before a
   * link is checked, and for one that cannot be resumed. */
  readonly pairing: string | undefined;
  /** How far it can be trusted that the account is the other end's; undefined
   * before the wallet has answered. */
  readonly assurance: Assurance | undefined;
  /** How near the wallet is; undefined if that was not measured, or not yet. */
  readonly locality: LocalityReport | undefined;
  /** The name of the handshake with the wallet, spec/sealed.md §2; undefined before
   * a wallet has joined. A passkey that is made on the link is bound to it. */
  readonly channelId: string | undefined;
  /** To be called once the code is on display; it completes the record. */
  displayed(): void;
  /** Waits for a wallet and resolves with its account (CAIP-10). */
  account(options?: WaitOptions): Promise<string>;
  /** Takes what the person typed after the event "code". The third wrong code
   * ends the link with "code_mismatch". */
  confirm(code: string, options?: WaitOptions): Promise<Confirmation>;
  /** Waits for the direct channel. */
  opened(options?: WaitOptions): Promise<void>;
  /** Sends a text to the wallet. Throws "channel_closed" before the channel is
   * open and after its end, "too_large" beyond 64 KiB, "overloaded" while the browser
   * keeps too much that is on its way already. */
  send(text: string): void;
  /** Resolves with the reason when the link is over; never rejects. */
  readonly closed: Promise<LinkError>;
  /** Says goodbye and ends the link for both sides, with "canceled" here. Neither
   * can resume it. After its end it forgets what could be resumed. */
  close(): void;
  /** Leaves without a goodbye, as a page does that is closed or loaded anew: the
   * pairing can be resumed. */
  suspend(): void;
}

/** Opens a link and resolves as soon as its code can be shown. Rejects with a
 * LinkError. */
export async function connectSite(options: SiteOptions = {}): Promise<SiteLink> {
  const settings = await settingsOf(options);
  return start(settings, async (rest) => openLink(settings, await rest.challenge(), options.site));
}

/** Waits for the wallet of an earlier pairing, without a code: the two meet under
 * a name that only they know. Resolves with undefined if there is no pairing to
 * resume, or another page of this browser does that already. Rejects with a
 * LinkError. A wallet that comes and goes again ends it with "peer_lost": call this
 * once more. */
export async function resumeSite(options: SiteOptions = {}): Promise<SiteLink | undefined> {
  const platform = options.platform ?? browserPlatform();
  const kept = await platform.resumptions.take(serverOf(options));
  if (!kept) return undefined;
  // The person has typed the code once.
  const settings = await settingsOf({ locality: kept.locality, ...options, confirm: "none", platform });
  return start(settings, (rest) => openResumption(rest, kept)).catch((cause: unknown) => {
    platform.resumptions.release(kept.id);
    throw cause;
  });
}

/** Forgets every pairing with a server that could be resumed. */
export async function forgetSite(options: Pick<SiteOptions, "server" | "platform"> = {}): Promise<void> {
  const { resumptions } = options.platform ?? browserPlatform();
  await resumptions.clear(serverOf(options));
}

async function start(settings: SiteSettings, open: (rest: Rest) => Promise<Opening>): Promise<SiteLink> {
  const connection = new SiteConnection(settings);
  try {
    await connection.start(open);
  } catch (cause) {
    const error = asLinkError(cause);
    connection.end(error);
    throw error;
  }
  return connection;
}

async function settingsOf(options: SiteOptions): Promise<SiteSettings> {
  const { signal, onEvent, openTimeoutMs = 90_000, confirm = "none", locality = "report", legacy = "warn", candidates = "host", resume: seconds = maxResumeSeconds, authorizedSigner, contractAccepts } = options;
  const platform = options.platform ?? browserPlatform();
  const lasting = seconds !== false && (await platform.resumptions.lasting());
  return {
    server: serverOf(options),
    platform,
    signal,
    onEvent,
    openTimeoutMs,
    asksCode: confirm === "sas",
    locality,
    candidates,
    legacy: confirm === "none" && (locality === "off" || locality === "report") && (legacy === "warn" || legacy === "allow") ? legacy : "deny",
    resumeSeconds: lasting ? Math.max(0, Math.min(Math.floor(seconds), maxResumeSeconds)) : 0,
    lookups: { ...(authorizedSigner && { authorizedSigner }), ...(contractAccepts && { contractAccepts }) },
  };
}

async function openLink({ server, asksCode, legacy }: SiteSettings, challenge: Challenge, site = challenge.site): Promise<Opening> {
  const { requestId, signIn, lifeMs, iceServers } = challenge;
  const { host } = new URL(server);
  // A link to elsewhere would be bound to somebody else's server.
  const here = [`liquid://${host}/?requestId=${requestId}`, `${server}/l/?requestId=${requestId}`];
  if (!/^[A-Za-z0-9._-]{16,64}$/.test(requestId) || !here.includes(challenge.link)) {
    throw new LinkError("invalid_peer", { detail: "the server answers with a link to elsewhere" });
  }
  const { fragment, input } = await createPairing(host, requestId, { shortCode: asksCode, unsealed: legacy !== "deny" });
  return { requestId, uri: `${challenge.link}#${fragment}`, site, lifeMs, iceServers, input, signIn };
}

async function openResumption(rest: Rest, kept: KeptResumption): Promise<Opening> {
  const [{ iceServers }, input] = await Promise.all([rest.resumption(kept.id), resume(kept)]);
  return { requestId: kept.id, uri: "", site: kept.site, lifeMs: Infinity, iceServers, input, resumes: kept };
}
