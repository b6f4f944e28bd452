import { parseAccount } from "./account.ts";
import { LinkError } from "./errors.ts";

/** The fields of the text that a wallet signs, spec/protocol.md §4. */
export interface SignInFields {
  /** Host and non-default port of the site. */
  readonly domain: string;
  /** The account's name on its chain. */
  readonly address: string;
  /** A sentence for the person; may be empty. */
  readonly statement: string;
  /** An address of the site. */
  readonly uri: string;
  /** CAIP-2 name of the chain. */
  readonly chain: string;
  /** What the server drew for this one sign-in. */
  readonly nonce: string;
  /** UTC in whole seconds: "2026-11-22T10:00:00Z". */
  readonly issuedAt: string;
  /** The same, when the text ends. */
  readonly expirationTime: string;
  /** Binds the text to one handshake; the text calls it "Request ID". */
  readonly channel: string;
  /** Addresses that the text names besides; may be empty. */
  readonly resources: readonly string[];
}

const maxTextBytes = 2048;
const maxStatementBytes = 256;
const maxURIBytes = 1024;
const wants = " wants you to sign in with your ";
const accountEnd = " account:";
const families: ReadonlyMap<string, string> = new Map([
  ["algorand", "Algorand"],
  ["eip155", "Ethereum"],
  ["solana", "Solana"],
  ["did", "DID"],
]);

/** Writes the text to sign, or throws a LinkError "invalid_message" that says
 * which field does not hold, "too_large" if all of them together do not. */
export function signInText(fields: SignInFields): string {
  check(fields);
  const [namespace = "", reference = ""] = fields.chain.split(":");
  const text = [
    `${fields.domain}${wants}${familyOf(namespace)}${accountEnd}`,
    fields.address,
    "",
    ...(fields.statement ? [fields.statement, ""] : []),
    `URI: ${fields.uri}`,
    "Version: 1",
    `Chain ID: ${reference}`,
    `Nonce: ${fields.nonce}`,
    `Issued At: ${fields.issuedAt}`,
    `Expiration Time: ${fields.expirationTime}`,
    `Request ID: ${fields.channel}`,
    ...(fields.resources.length > 0 ? ["Resources:"] : []),
    ...fields.resources.map((uri) => `- ${uri}`),
  ].join("\n");
  if (text.length > maxTextBytes) throw tooLarge();
  return text;
}

/** Reads a text that {@link signInText} could have written, and no other. The
 * text shows only the chain's reference, so the caller says of which family it
 * must be. */
export function parseSignInText(text: string, namespace: string): SignInFields {
  if (text.length > maxTextBytes) throw tooLarge();
  const fields = read(text.split("\n"), namespace);
  if (signInText(fields) !== text) throw invalid("sign-in text is not in its one canonical form");
  return fields;
}

// What this overlooks, the comparison with the text that is written again finds.
function read(lines: string[], namespace: string): SignInFields {
  const next = () => lines.shift() ?? "";
  const field = (name: string) => {
    const line = next();
    if (!line.startsWith(name)) throw invalid(`sign-in text lacks ${name.trim()} at its place`);
    return line.slice(name.length);
  };
  const domain = next().split(wants)[0]!;
  const address = next();
  next();
  const statement = lines[0]?.startsWith("URI: ") ? "" : next();
  if (statement) next();
  const uri = field("URI: ");
  field("Version: ");
  const chain = `${namespace}:${field("Chain ID: ")}`;
  const nonce = field("Nonce: ");
  const issuedAt = field("Issued At: ");
  const expirationTime = field("Expiration Time: ");
  const channel = field("Request ID: ");
  if (lines.length > 0) field("Resources:");
  return { domain, address, statement, uri, chain, nonce, issuedAt, expirationTime, channel, resources: lines.map((line) => line.slice(2)) };
}

function check(fields: SignInFields): void {
  if (!isHost(fields.domain)) throw invalid("domain must be host[:port] in lower case");
  if (!parseAccount(`${fields.chain}:${fields.address}`)) throw invalid("account must be named as CAIP-10 has it");
  if (fields.statement.length > maxStatementBytes || !isPrintable(fields.statement) || fields.statement.startsWith("URI: ")) {
    throw invalid(`statement must be at most ${maxStatementBytes} printable ASCII characters`);
  }
  if (![fields.uri, ...fields.resources].every(isURI)) throw invalid("URI and resources must be absolute and printable ASCII");
  if (!/^[A-Za-z0-9]{22,64}$/.test(fields.nonce)) throw invalid("nonce must be 22 to 64 letters and digits");
  if (![fields.issuedAt, fields.expirationTime].every(isTime)) throw invalid("times must be UTC in whole seconds");
  if (!isChannelId(fields.channel)) throw invalid("channel id must be that of a handshake");
}

function familyOf(namespace: string): string {
  return families.get(namespace) ?? namespace;
}

/** Whether text is host[:port] in its shortest form and in lower case. */
function isHost(text: string): boolean {
  if (text.length > 253 || !/^[a-z0-9.:[\]-]+$/.test(text)) return false;
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9.-]*)(?::([1-9]\d{0,4}))?$/.exec(text);
  if (!match || match[1]!.includes("..") || Number(match[2] ?? 0) > 65535) return false;
  return !text.startsWith("[") || isShortestIPv6(match[1]!);
}

function isShortestIPv6(bracketed: string): boolean {
  return URL.canParse(`http://${bracketed}/`) && new URL(`http://${bracketed}/`).hostname === bracketed;
}

function isURI(text: string): boolean {
  return text.length <= maxURIBytes && isPrintable(text) && /^[a-z][a-z0-9+.-]*:\/\/[^ /?#][^ ]*$/i.test(text);
}

function isPrintable(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

// The text must be the one that the time is written as: 30 February is not.
function isTime(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text)) return false;
  const time = Date.parse(text);
  return time >= 0 && new Date(time).toISOString() === text.replace("Z", ".000Z");
}

function isChannelId(text: string): boolean {
  return /^l1\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text);
}

function invalid(detail: string): LinkError {
  return new LinkError("invalid_message", { detail });
}

function tooLarge(): LinkError {
  return new LinkError("too_large", { detail: `a sign-in text may have ${maxTextBytes} bytes` });
}
