import type { PeerMessage } from "./envelope.ts";
import { LinkError } from "./errors.ts";
import { channelLabel, maxChannelMessageBytes } from "./limits.gen.ts";
import { selectedPath, type Path } from "./path.ts";
import type { Platform } from "./platform.ts";

/** What a {@link Peer} tells its owner. */
export interface PeerEvents {
  /** A candidate of ours was found; an empty one ends the list. */
  candidate(message: PeerMessage): void;
  /** The channel is open. */
  opened(): void;
  /** A text came through the channel. */
  message(text: string): void;
  /** The path broke, or holds again. */
  broken(broken: boolean): void;
  /** The channel was closed by the other side. */
  closed(): void;
}

// ICE often mends a short loss by itself.
const disconnectedMs = 3_000;

/** The site's end of the direct connection: it makes the channel and offers. */
export class Peer {
  readonly #platform: Platform;
  readonly #events: PeerEvents;
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  #early: RTCIceCandidateInit[] = []; // candidates that came before their description
  #offer: RTCSessionDescriptionInit | undefined; // made, but not committed
  #cancel: () => void = () => {};
  #over = false;

  constructor(platform: Platform, iceServers: RTCIceServer[], events: PeerEvents) {
    this.#platform = platform;
    this.#events = events;
    this.#connection = platform.peer({ iceServers });
    this.#channel = this.#connection.createDataChannel(channelLabel, { ordered: true });
    this.#channel.onopen = () => events.opened();
    this.#channel.onmessage = ({ data }) => typeof data === "string" && events.message(data);
    this.#channel.onclose = () => this.#over || events.closed();
    this.#connection.onicecandidate = ({ candidate }) => this.#found(candidate);
    this.#connection.oniceconnectionstatechange = () => this.#changed();
  }

  /** Makes an offer that holds no candidate: nobody learns an address of this
   * device before a wallet has claimed the link. */
  async offer(restart: boolean): Promise<PeerMessage> {
    this.#offer = await this.#connection.createOffer({ iceRestart: restart });
    return { t: "offer", sdp: withoutCandidates(this.#offer.sdp ?? "") };
  }

  /** Starts to look for candidates of the offer. Call it once the offer has its
   * place before them in the queue. */
  async commit(): Promise<void> {
    const offer = this.#offer;
    this.#offer = undefined;
    if (offer && !this.#over) await this.#connection.setLocalDescription(offer);
  }

  /** Takes a message of the wallet. */
  async take(message: PeerMessage): Promise<void> {
    if (this.#over) return;
    if (message.t === "offer") throw new LinkError("invalid_peer", { detail: "a wallet does not offer" });
    if (message.t === "answer") return this.#answer(message.sdp);
    // No dictionary entry may stand for absent: mid and index both absent is an error.
    const candidate: RTCIceCandidateInit = { candidate: message.candidate, sdpMid: message.sdpMid ?? null, sdpMLineIndex: message.sdpMLineIndex ?? null };
    if (candidate.sdpMid === null && candidate.sdpMLineIndex === null) candidate.sdpMLineIndex = 0;
    if (this.#connection.remoteDescription) await this.#add(candidate);
    else this.#early.push(candidate);
  }

  /** Sends a text. */
  send(text: string): void {
    if (this.#channel.readyState !== "open") throw new LinkError("channel_closed");
    if (new TextEncoder().encode(text).length > maxChannelMessageBytes) {
      throw new LinkError("too_large", { detail: `a message may have ${maxChannelMessageBytes} bytes` });
    }
    this.#channel.send(text);
  }

  /** The path in use, if there is one. */
  async path(): Promise<Path | undefined> {
    if (this.#over) return undefined;
    return selectedPath((await this.#connection.getStats()) as unknown as Map<string, unknown>);
  }

  /** Ends the connection. */
  close(): void {
    this.#over = true;
    this.#cancel();
    this.#channel.close();
    this.#connection.close();
  }

  async #answer(sdp: string): Promise<void> {
    // An answer to an offer that was overtaken by a restart has no place.
    if (this.#connection.signalingState !== "have-local-offer") return;
    try {
      await this.#connection.setRemoteDescription({ type: "answer", sdp });
    } catch (cause) {
      throw new LinkError("invalid_peer", { detail: "the browser refuses the wallet's answer", cause });
    }
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) await this.#add(candidate);
    // A restart can succeed without a change of state that would be announced.
    this.#changed();
  }

  // A candidate that this browser cannot use is no reason to give up the others.
  async #add(candidate: RTCIceCandidateInit): Promise<void> {
    await this.#connection.addIceCandidate(candidate).catch(() => undefined);
  }

  #found(candidate: RTCIceCandidate | null): void {
    // Some browsers announce the end twice, as an empty candidate and as none.
    if (candidate?.candidate === "") return;
    const message: PeerMessage = { t: "ice", candidate: candidate?.candidate ?? "" };
    if (candidate?.sdpMid != null) message.sdpMid = candidate.sdpMid;
    if (candidate?.sdpMLineIndex != null) message.sdpMLineIndex = candidate.sdpMLineIndex;
    if (!this.#over) this.#events.candidate(message);
  }

  #changed(): void {
    this.#cancel();
    switch (this.#connection.iceConnectionState) {
      case "disconnected":
        this.#cancel = this.#platform.after(disconnectedMs, () => this.#events.broken(true));
        return;
      case "failed":
        return this.#events.broken(true);
      case "connected":
      case "completed":
        return this.#events.broken(false);
    }
  }
}

function withoutCandidates(sdp: string): string {
  return sdp
    .split("\r\n")
    .filter((line) => !line.startsWith("a=candidate:") && line !== "a=end-of-candidates")
    .join("\r\n");
}
