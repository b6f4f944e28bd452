// A peer connection whose other end is the test.
import type { World } from "./world.ts";

/** A session description for data alone, under a certificate. */
export function description(fingerprint: string, ...more: string[]): string {
  const digits = fingerprint.toUpperCase().match(/../g)!.join(":");
  const lines = [
    "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0",
    "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdef01234567", `a=fingerprint:sha-256 ${digits}`, "a=setup:actpass", "a=mid:0", "a=sctp-port:5000", ...more,
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

/** One data channel. */
export class Channel {
  readonly label: string;
  readyState = "connecting";
  readonly sent: string[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(label: string) {
    this.label = label;
  }

  // --- the page's end ---

  send(text: string): void {
    if (this.readyState !== "open") throw new Error("not open");
    this.sent.push(text);
  }

  close(): void {
    this.readyState = "closing";
  }

  // --- the other end ---

  /** What the page said so far, where that is messages of the control channel. */
  get told(): Record<string, unknown>[] {
    return this.sent.map((text) => JSON.parse(text) as Record<string, unknown>);
  }

  open(): void {
    this.readyState = "open";
    this.onopen?.();
  }

  say(data: unknown): void {
    this.onmessage?.({ data });
  }

  closed(): void {
    this.readyState = "closed";
    this.onclose?.();
  }
}

/** Answers pings on a control channel from now on, each so many milliseconds after it
 * was sent; pong says with which MAC. */
export function answerPings(of: { readonly control: Channel; readonly world: World }, pong: (nonce: Uint8Array) => string, ms: number): () => void {
  let at = 0;
  const timer = setInterval(() => {
    for (; at < of.control.sent.length; at++) {
      const { t, nonce } = of.control.told[at]!;
      if (t !== "ping") continue;
      of.world.pass(ms);
      of.control.say(JSON.stringify({ t: "pong", nonce, mac: pong(Buffer.from(String(nonce), "base64url")) }));
    }
  }, 0).unref(); // a test that fails does not stop it
  return () => clearInterval(timer);
}

/** One connection. */
export class Connection {
  readonly config: RTCConfiguration;
  readonly channels: Channel[] = [];
  readonly added: string[] = [];
  readonly #fingerprint: string;
  certificate: Uint8Array = new Uint8Array(); // the wallet's, as DTLS has it
  signalingState = "stable";
  iceConnectionState = "new";
  localDescription: RTCSessionDescriptionInit | undefined;
  remoteDescription: RTCSessionDescriptionInit | undefined;
  stats: [string, Record<string, unknown>][] = pair("host", 0.001);
  /** What is found when a description comes into force. */
  finds = ["candidate:1 1 udp 1 192.0.2.1 9 typ host"];
  over = false;
  ondatachannel: ((event: { channel: Channel }) => void) | null = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  oniceconnectionstatechange: (() => void) | null = null;

  constructor(config: RTCConfiguration, fingerprint: string) {
    this.config = config;
    this.#fingerprint = fingerprint;
  }

  get sctp() {
    return { transport: { state: "connected", getRemoteCertificates: () => [Uint8Array.from(this.certificate).buffer] } };
  }

  createDataChannel(label: string): Channel {
    const channel = new Channel(label);
    this.channels.push(channel);
    return channel;
  }

  async createOffer({ iceRestart = false } = {}): Promise<RTCSessionDescriptionInit> {
    return { type: "offer", sdp: description(this.#fingerprint, ...(iceRestart ? ["a=ice-options:trickle"] : [])) };
  }

  async createAnswer(): Promise<RTCSessionDescriptionInit> {
    return { type: "answer", sdp: description(this.#fingerprint) };
  }

  async setLocalDescription(local: RTCSessionDescriptionInit): Promise<void> {
    this.localDescription = local;
    this.signalingState = local.type === "offer" ? "have-local-offer" : "stable";
    for (const candidate of this.finds) this.onicecandidate?.({ candidate: { candidate, sdpMid: "0", sdpMLineIndex: 0 } });
    this.onicecandidate?.({ candidate: null });
  }

  async setRemoteDescription(remote: RTCSessionDescriptionInit): Promise<void> {
    this.remoteDescription = remote;
    this.signalingState = remote.type === "offer" ? "have-remote-offer" : "stable";
  }

  async addIceCandidate({ candidate }: RTCIceCandidateInit): Promise<void> {
    this.added.push(candidate ?? "");
  }

  async getStats() {
    return new Map(this.stats);
  }

  close(): void {
    this.over = true;
  }

  // --- the wallet's end ---

  channel(label: string): Channel {
    return this.channels.find((channel) => channel.label === label)!;
  }

  /** The wallet has made a channel. */
  announce(channel: Channel): void {
    this.ondatachannel?.({ channel });
  }

  /** The path is there, and both channels. */
  connect(): void {
    this.ice("connected");
    for (const channel of this.channels) channel.open();
  }

  ice(state: string): void {
    this.iceConnectionState = state;
    this.oniceconnectionstatechange?.();
  }
}

/** The statistics of a pair of candidates. */
export function pair(candidateType: string, seconds: number, remote = "host"): [string, Record<string, unknown>][] {
  return [
    ["t", { type: "transport", selectedCandidatePairId: "p" }],
    ["p", { type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", currentRoundTripTime: seconds }],
    ["l", { type: "local-candidate", candidateType }],
    ["r", { type: "remote-candidate", candidateType: remote }],
  ];
}
