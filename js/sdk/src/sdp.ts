import { LinkError } from "./errors.ts";
import { maxCandidates, maxSDPBytes } from "./limits.gen.ts";
import type { PathKind } from "./path.ts";

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
  const address = /^candidate:\S+ +\d+ +\S+ +\d+ +(\S+) /i.exec(candidate)?.[1] ?? "";
  return candidate !== "" && !/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*|[0-9a-z-]+\.local)$/i.test(address);
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
