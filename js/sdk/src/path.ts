/** How the two devices reach each other: in the same network, through the
 * addresses that their routers gave them, or through a relay. */
export type PathKind = "host" | "srflx" | "relay";

/** The path that is in use. */
export interface Path {
  /** The farther of its two ends. */
  readonly kind: PathKind;
  /** Round-trip time in milliseconds, if it was measured yet. */
  readonly rttMs: number | undefined;
}

type Stat = Record<string, unknown>;
type Stats = Iterable<readonly [string, unknown]>;

/** Reads the selected path out of WebRTC statistics; undefined if there is none
 * yet. */
export function selectedPath(stats: Stats): Path | undefined {
  const pair = selectedPair(stats);
  if (!pair) return undefined;
  const kinds = [kindOf(pair.local, pair.remote), kindOf(pair.remote)];
  const kind = kinds.includes("relay") ? "relay" : kinds.includes("srflx") ? "srflx" : "host";
  const rtt = pair.stat.currentRoundTripTime;
  return { kind, rttMs: typeof rtt === "number" ? rtt * 1000 : undefined };
}

/** Whether the path leads to where the other side has not said yet that it is.
 * Browsers hide such an address, so its kind is a guess until a candidate names it. */
export function leadsToUnnamed(stats: Stats): boolean {
  const remote = selectedPair(stats)?.remote;
  return remote?.candidateType === "prflx" && !addressOf(remote);
}

interface Pair {
  readonly stat: Stat;
  readonly local: Stat | undefined;
  readonly remote: Stat | undefined;
}

function selectedPair(stats: Stats): Pair | undefined {
  const all = new Map<string, Stat>();
  for (const [id, stat] of stats) all.set(id, stat as Stat);
  const stat = selected(all);
  return stat && { stat, local: all.get(String(stat.localCandidateId)), remote: all.get(String(stat.remoteCandidateId)) };
}

function selected(all: Map<string, Stat>): Stat | undefined {
  for (const stat of all.values()) {
    if (stat.type === "transport" && typeof stat.selectedCandidatePairId === "string") return all.get(stat.selectedCandidatePairId);
  }
  // Firefox has no transport statistics and marks the pair instead.
  for (const stat of all.values()) {
    if (stat.type === "candidate-pair" && (stat.selected === true || (stat.nominated === true && stat.state === "succeeded"))) return stat;
  }
  return undefined;
}

/** The kind of a candidate, whose pair may tell of it. */
function kindOf(candidate: Stat | undefined, other?: Stat): PathKind {
  switch (candidate?.candidateType) {
    case "relay":
      return "relay";
    case "srflx":
      return "srflx";
    case "prflx": // found by a check: where it is says what it is, or whom it reaches
      return local(addressOf(candidate)) || (other && reachesOwnNetwork(candidate, other)) ? "host" : "srflx";
    default:
      return "host";
  }
}

// Browsers hide the address, but nobody outside reaches one of a private network.
function reachesOwnNetwork(candidate: Stat, other: Stat): boolean {
  return !addressOf(candidate) && other.candidateType === "host" && local(addressOf(other));
}

function addressOf(candidate: Stat): string {
  return String(candidate.address ?? candidate.ip ?? "");
}

/** Whether an address is one of a private network, or of the device itself. One that the
 * browser hides may be anywhere. */
export function local(address: string): boolean {
  return (
    address === "::1" ||
    /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address) ||
    /^(f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]):/i.test(address)
  );
}
