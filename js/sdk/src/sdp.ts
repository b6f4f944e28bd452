import { LinkError } from "./errors.ts";
import { maxCandidates, maxSDPBytes } from "./limits.gen.ts";
import { local, type PathKind } from "./path.ts";

/** What else a description may hold. */
export interface DescriptionPolicy {
  /** Whether candidates may be in it, which the first of a side must not hold. */
  readonly candidates: boolean;
}

/** Checks a session description of the other side, spec/sealed.md §4: whatever
 * it holds besides one data channel, under the certificate that the handshake
 * named, would make the browser do what nobody agreed to. Throws a LinkError
 * "invalid_peer". */
export function checkDescription(sdp: unknown, fingerprint: string, policy: DescriptionPolicy): asserts sdp is string {
  if (typeof sdp !== "string" || new TextEncoder().encode(sdp).length > maxSDPBytes) {
    throw invalid(`a session description is text of at most ${maxSDPBytes} bytes`);
  }
  if (!sdp.endsWith("\r\n")) throw invalid("a session description must end with CRLF");
  const lines = sdp.slice(0, -2).split("\r\n");
  // A parser that ends a line at a return or a line feed alone, or that skips
  // what it cannot read, would find other lines than are checked here.
  if (lines[0] !== "v=0" || lines.some((line) => !/^[a-z]=[ -~]+$/.test(line))) {
    throw invalid("a session description must be lines of printable ASCII that end with CRLF");
  }
  checkMedia(lines);
  checkFingerprints(lines, fingerprint);
  if (attributes(lines, "identity").length + attributes(lines, "crypto").length > 0) {
    throw invalid("a session description may bring neither identity nor keys");
  }
  const candidates = attributes(lines, "candidate").length + (policy.candidates ? 0 : attributes(lines, "end-of-candidates").length);
  if (candidates > (policy.candidates ? maxCandidates : 0)) throw invalid(policy.candidates ? `a session description may have ${maxCandidates} candidates` : "a first session description holds no candidate");
}

/** Whether a candidate names its host instead of giving its address. Looking
 * that name up would tell others of the link: ignore the candidate. A name of
 * the local network (mDNS) is how browsers hide an address, and none of those. */
export function namesHost(candidate: string): boolean {
  return candidate !== "" && !/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*|[0-9a-z-]+\.local)$/i.test(addressOf(candidate));
}

function addressOf(candidate: string): string {
  return /^candidate:\S+ +\d+ +\S+ +\d+ +(\S+) /i.exec(candidate)?.[1] ?? "";
}

/** Where the address of a candidate is, whatever kind its writer says that it is of: on
 * this very device, in what may be one's own network, or outside; undefined if it is a
 * name, which would be asked for in one's own network. */
export function whereIs(candidate: string): "device" | "network" | "outside" | undefined {
  const address = addressOf(candidate);
  const plain = address.includes(":") ? plainIPv6(address) : /^((0|[1-9]\d*)(\.|$)){4}$/.test(address) ? address : undefined;
  if (plain === undefined) return undefined;
  if (/^(127\.|::1$)/.test(plain)) return "device";
  // Carriers' networks and multicast, too. What begins with zeros stands for an address of
  // IPv4, if for any.
  return local(plain) || /^(0\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|2(2[4-9]|[345]\d)\.|::|0:|fe[c-f].:|ff..:)/.test(plain) ? "network" : "outside";
}

/** The one way to write an address of IPv6. */
function plainIPv6(address: string): string | undefined {
  try {
    return new URL(`http://[${address}]`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
}

const widths: readonly string[] = ["relay", "srflx", "host"] satisfies PathKind[];

/** Whether a candidate is of a kind that may be used where nothing wider than the
 * given one may. */
export function allowed(candidate: string, widest: PathKind): boolean {
  const type = / typ (\S+)/i.exec(candidate)?.[1]?.toLowerCase() ?? "host";
  const width = widths.indexOf(type === "prflx" ? "srflx" : type);
  return width >= 0 && width <= widths.indexOf(widest);
}

/** The candidate without the address behind the one that it is for, which is of a
 * wider kind. */
export function discreet(candidate: string, widest: PathKind): string {
  return widest === "host" ? candidate : candidate.replace(/ raddr \S+ rport \d+/i, " raddr 0.0.0.0 rport 9");
}

/** Leaves out of a description the candidates that must not be tried. */
export function withCandidates(sdp: string, tried: (candidate: string) => boolean): string {
  const holds = (line: string) => attributes([line], "candidate").every((value) => tried(`candidate${value}`));
  return sdp.split("\r\n").filter(holds).join("\r\n");
}

function checkMedia(lines: readonly string[]): void {
  const media = lines.filter((line) => line.startsWith("m="));
  if (media.length !== 1 || !/^m=application \d+ [\w/]+ webrtc-datachannel$/.test(media[0]!)) {
    throw invalid("a session description must have one m-line, for a data channel");
  }
  const setups = attributes(lines, "setup");
  if (setups.length === 0 || !setups.every((value) => /^:(actpass|active|passive)$/.test(value))) {
    throw invalid("a session description must say who begins");
  }
}

function checkFingerprints(lines: readonly string[], fingerprint: string): void {
  const found = attributes(lines, "fingerprint");
  if (found.length === 0 || !found.every((value) => fingerprintOf(value) === fingerprint)) {
    throw invalid("a session description must name the certificate of the handshake, and no other");
  }
}

/** The SHA-256 fingerprints of a description, in the form of `fp`. */
export function fingerprintsOf(sdp: string): string[] {
  const found = attributes(sdp.split("\r\n"), "fingerprint").map(fingerprintOf);
  return found.filter((value) => value !== undefined);
}

function fingerprintOf(value: string): string | undefined {
  const digits = /^:sha-256 ([0-9a-f]{2}(:[0-9a-f]{2}){31})$/i.exec(value)?.[1];
  return digits?.replaceAll(":", "").toLowerCase();
}

/** What follows the name of an attribute wherever it occurs, however it is
 * written: a reader that minds neither case nor spaces must not find more. */
function attributes(lines: readonly string[], name: string): string[] {
  return lines.flatMap((line) => {
    const value = line.slice(2).trimStart();
    return line.startsWith("a=") && value.toLowerCase().startsWith(name) && !/^[\w-]/.test(value.slice(name.length)) ? [value.slice(name.length)] : [];
  });
}

function invalid(detail: string): LinkError {
  return new LinkError("invalid_peer", { detail });
}
