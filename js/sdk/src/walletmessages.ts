import { toBase64 } from "./base64.ts";
import { utf8, type Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import { maxNameBytes, maxResumeSeconds } from "./limits.gen.ts";
import { localities, type Locality } from "./localitylevel.ts";
import { invalid, isShowable, parseCandidate, parseMessageObject, peerVersion, text, type SiteMessage, type Welcome } from "./messages.ts";
import { signInText } from "./signin.ts";
import type { SignInRequest, Site } from "./wire.ts";

// The clocks of two machines may differ by so much.
const clockSkewMs = 60_000;
const signInMs = 300_000;
// An account on a channel, to try what the rest of a text is like.
const anyAccount = { address: "x", channel: `l1.${toBase64(new Uint8Array(32))}`, resources: [] };

/** Reads a message of the site that was unsealed. Unknown fields are ignored, an
 * unknown type throws a LinkError "invalid_peer". */
export function parseSiteMessage(bytes: Bytes): SiteMessage {
  const m = parseMessageObject(bytes);
  switch (m.t) {
    case "welcome":
      return parseWelcome(m);
    case "offer":
      return { t: "offer", sdp: text(m.sdp) };
    case "ice":
      return parseCandidate(m);
    default:
      throw invalid("unknown message type");
  }
}

function parseWelcome(m: Record<string, unknown>): Welcome {
  const { v, fp, confirm, locality, resume = 0 } = m;
  if (v !== peerVersion) throw new LinkError("unsupported_version", { detail: `the site speaks version ${String(v)}` });
  if (typeof fp !== "string" || !/^[0-9a-f]{64}$/.test(fp)) throw invalid("the site names no certificate");
  if (confirm !== "none" && confirm !== "sas") throw invalid("unknown way to confirm");
  if (!localities.includes(locality as Locality)) throw invalid("unknown level of locality");
  if (!Number.isInteger(resume) || (resume as number) < 0 || (resume as number) > maxResumeSeconds) throw invalid("a pairing may be resumed for thirty days at most");
  return {
    t: "welcome",
    v,
    fp,
    sdp: text(m.sdp),
    site: parseSite(m.site),
    ...(m.signIn != null && { signIn: parseSignIn(m.signIn) }),
    confirm,
    locality: locality as Locality,
    resume: resume as number,
  };
}

/** Who says to ask, before anybody is shown it. */
function parseSite(value: unknown): Site {
  const { name = "", origin } = fields(value);
  if (typeof origin !== "string" || !isOrigin(origin)) throw invalid("the site does not name its origin");
  if (typeof name !== "string" || utf8(name).length > maxNameBytes || !isShowable(name)) throw invalid("the site's name cannot be shown");
  return { name, origin };
}

function isOrigin(origin: string): boolean {
  return /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin;
}

function parseSignIn(value: unknown): SignInRequest {
  const m = fields(value);
  if (!Array.isArray(m.chains)) throw invalid("the site names no chain");
  return {
    domain: text(m.domain),
    uri: text(m.uri),
    statement: m.statement === undefined ? "" : text(m.statement),
    nonce: text(m.nonce),
    issuedAt: text(m.issuedAt),
    expirationTime: text(m.expirationTime),
    chains: m.chains.map(text),
  };
}

/** The wallet's look at what it is asked to sign: it must be for the site that asks,
 * and for here and now. Throws a LinkError "invalid_peer". */
export function checkSignIn({ origin }: Site, asked: SignInRequest | undefined, now: number): asserts asked is SignInRequest {
  if (!asked) throw invalid("the site does not say what is to be signed");
  const [issued, expires] = [Date.parse(asked.issuedAt), Date.parse(asked.expirationTime)];
  if (asked.domain !== new URL(origin).host) throw invalid("the site asks in the name of another one");
  if (!isOfOrigin(asked.uri, origin)) throw invalid("the address in the text is that of another site");
  if (!(issued <= now + clockSkewMs)) throw invalid("the request comes from the future; check this machine's clock");
  if (!(expires > now - clockSkewMs)) throw invalid("the request is too old; check this machine's clock");
  if (!(expires - issued <= signInMs)) throw invalid("the request would be valid for too long");
  checkWritable(asked);
}

/** Whether there is a text to sign, before anybody is shown a part of it. */
function checkWritable({ chains, ...asked }: SignInRequest): void {
  if (chains.length === 0) throw invalid("the site takes accounts of no chain");
  try {
    for (const chain of chains) signInText({ ...asked, ...anyAccount, chain });
  } catch (cause) {
    throw new LinkError("invalid_peer", { detail: "the site asks for what cannot be signed", cause });
  }
}

function isOfOrigin(uri: string, origin: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { origin: of, username, password } = new URL(uri);
  return of === origin && username === "" && password === "" && (uri === origin || uri.startsWith(`${origin}/`) || uri.startsWith(`${origin}?`));
}

function fields(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw invalid("a field of the message is missing");
  return value as Record<string, unknown>;
}
