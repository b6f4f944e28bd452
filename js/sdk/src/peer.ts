import type { Code } from "./codes.gen.ts";
import { encodeControl } from "./control.ts";
import { LinkError } from "./errors.ts";
import { remoteFingerprint } from "./fingerprint.ts";
import { Latch } from "./latch.ts";
import { channelLabel, controlLabel, liquidLabel, maxCandidates, maxChannelMessageBytes } from "./limits.gen.ts";
import type { Candidate } from "./messages.ts";
import { leadsToUnnamed, selectedPath, type Path, type PathKind } from "./path.ts";
import type { Platform } from "./platform.ts";
import { allowed, checkDescription, discreet, fingerprintsOf, namesHost, whereIs, withCandidates } from "./sdp.ts";

/** What a {@link Peer} tells its owner. */
export interface PeerEvents {
  /** A candidate of ours was found; an empty one ends the list. */
  candidate(message: Candidate): void;
  /** Both channels are open. */
  ready(): void;
  /** Something came through the control channel. */
  control(data: unknown): void;
  /** A text came through the application's channel. */
  message(text: string): void;
  /** The path broke, or holds again. */
  broken(broken: boolean): void;
  /** A channel was closed by the other side. */
  closed(): void;
}

// ICE often mends a short loss by itself.
const disconnectedMs = 3_000;
// How long the other side may take to hear a goodbye.
const lastWordsMs = 2_000;
// How long the other side may take to name all of its addresses.
const namingMs = 2_000;
const onDevice = /^\w+:\/\/(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/;

/** What this side does: a site makes the channels and offers; a wallet waits for both,
 * and answers; a site waits for a wallet of a dialect to do both. */
export type PeerRole = "offers" | "answers" | "liquid";

/** What decides which addresses are told and tried. */
export interface PeerSettings {
  /** Origin of the server. */
  readonly server: string;
  /** The widest kind that may be. */
  readonly candidates: PathKind;
}

/** One end of the direct connection. */
export class Peer {
  readonly #platform: Platform;
  readonly #events: PeerEvents;
  readonly #connection: RTCPeerConnection;
  readonly #role: PeerRole;
  readonly #candidates: PathKind;
  readonly #server: string;
  #channel: RTCDataChannel | undefined;
  #control: RTCDataChannel | undefined;
  #remote = ""; // fingerprint of the other side's certificate
  #answers = 0;
  #offers = 0;
  #taken = 0; // candidates for the present description
  readonly #allNamed = new Latch<void>(); // the wallet has ended its list of candidates
  #early: RTCIceCandidateInit[] = []; // candidates that came before their description
  #offer: RTCSessionDescriptionInit | undefined; // made, but not in force
  #cancel: () => void = () => {};
  #over = false;

  constructor(platform: Platform, config: RTCConfiguration, events: PeerEvents, role: PeerRole, { candidates, server }: PeerSettings) {
    this.#platform = platform;
    this.#events = events;
    this.#role = role;
    this.#candidates = candidates;
    this.#server = server;
    this.#connection = platform.peer(config);
    if (role === "offers") {
      for (const label of [controlLabel, channelLabel]) this.#adopt(this.#connection.createDataChannel(label, { ordered: true }));
    } else {
      this.#connection.ondatachannel = ({ channel }) => (this.#waitsFor(channel.label) ? this.#adopt(channel) : channel.close());
    }
    this.#connection.onicecandidate = ({ candidate }) => this.#found(candidate);
    this.#connection.oniceconnectionstatechange = () => this.#changed();
  }

  /** Whether all channels are open. */
  get ready(): boolean {
    return (this.#role === "liquid" || this.#control?.readyState === "open") && this.#channel?.readyState === "open";
  }

  /** Says which certificate the other side must have. */
  expect(fingerprint: string): void {
    this.#remote = fingerprint;
  }

  /** Compares the certificate that DTLS really used with the one that is
   * expected. Call it when the channels are open. */
  async checkCertificate(): Promise<void> {
    if (!this.#remote || (await remoteFingerprint(this.#connection)) !== this.#remote) throw new LinkError("certificate_mismatch");
  }

  /** Makes an offer that holds no candidate: nobody learns an address of this
   * device before the person at the wallet has agreed. */
  async offer(restart: boolean): Promise<string> {
    this.#offer = await this.#connection.createOffer({ iceRestart: restart });
    return withoutCandidates(this.#offer.sdp ?? "");
  }

  /** Puts the offer in force and looks for candidates. Call it once they may
   * leave, and the offer has its place before them in the queue. */
  async commit(): Promise<void> {
    const offer = this.#offer;
    this.#offer = undefined;
    if (offer && !this.#over) await this.#connection.setLocalDescription(offer);
  }

  /** Checks a description of the wallet. */
  check(sdp: string): void {
    checkDescription(sdp, this.#remote, { candidates: this.#answers > 0 });
  }

  /** Takes an answer of the wallet. With the first one our own offer comes into
   * force. */
  async answered(sdp: string): Promise<void> {
    this.check(sdp);
    this.#answers++;
    await this.commit();
    // An answer to an offer that was overtaken by a restart has no place.
    if (this.#over || this.#connection.signalingState !== "have-local-offer") return;
    await this.#take("answer", sdp);
  }

  /** Takes an offer, and returns the answer, which commit puts in force. The first one
   * of a wallet of a dialect says what its certificate is; later ones must not differ.
   * The first one of a site holds no candidate. */
  async offered(sdp: string): Promise<string> {
    if (this.#role === "liquid") this.#remote ||= fingerprintsOf(sdp)[0] ?? "";
    checkDescription(sdp, this.#remote, { candidates: this.#role === "liquid" || this.#offers++ > 0 });
    if (this.#over) return "";
    await this.#take("offer", sdp);
    this.#offer = await this.#connection.createAnswer();
    return withoutCandidates(this.#offer.sdp ?? "");
  }

  async #take(type: "offer" | "answer", sdp: string): Promise<void> {
    try {
      await this.#connection.setRemoteDescription({ type, sdp: withCandidates(sdp, (candidate) => this.#tries(candidate)) });
    } catch (cause) {
      throw new LinkError("invalid_peer", { detail: `the browser refuses the other side's ${type}`, cause });
    }
    const early = this.#early;
    this.#early = [];
    this.#taken = early.length;
    for (const candidate of early) await this.#add(candidate);
    // A restart can succeed without a change of state that would be announced.
    this.#changed();
  }

  /** Takes a candidate of the other side. One too many, or one that must not be tried,
   * is left out: another may do. */
  async candidate({ candidate, sdpMid, sdpMLineIndex }: Candidate): Promise<void> {
    if (this.#over || ++this.#taken > maxCandidates || (candidate && !this.#tries(candidate))) return;
    // No dictionary entry may stand for absent: mid and index both absent is an error.
    const init: RTCIceCandidateInit = { candidate, sdpMid: sdpMid ?? null, sdpMLineIndex: sdpMLineIndex ?? null };
    if (init.sdpMid === null && init.sdpMLineIndex === null) init.sdpMLineIndex = 0;
    if (this.#connection.remoteDescription) await this.#add(init);
    else this.#early.push(init);
    if (!candidate) this.#allNamed.set();
  }

  /** Whether an address of the other side may be tried: not one whose name the browser
   * would look up, and none of a network that might be one's own, which would be to look
   * around there; browsers ask their person for that. Its kind is what the other side
   * calls it: the address counts as well. */
  #tries(candidate: string): boolean {
    if (namesHost(candidate)) return false;
    if (this.#candidates === "host") return true;
    if (!allowed(candidate, "srflx")) return false;
    const where = whereIs(candidate);
    // What is asked of a relay is tried from there. And a server on this very device has
    // its relay there, too, as no other can.
    return where === "outside" || (where !== undefined && this.#candidates === "relay") || (where === "device" && onDevice.test(this.#server));
  }

  /** Sends a text to the other side's application. */
  send(text: string): void {
    if (this.#channel?.readyState !== "open") throw new LinkError("channel_closed");
    if (new TextEncoder().encode(text).length > maxChannelMessageBytes) {
      throw new LinkError("too_large", { detail: `a message may have ${maxChannelMessageBytes} bytes` });
    }
    try {
      this.#channel.send(text);
    } catch (cause) {
      throw new LinkError("overloaded", { detail: "more is on its way than the browser keeps", cause });
    }
  }

  /** Sends a text on the control channel, if that is open. */
  tell(text: string): void {
    if (this.#control?.readyState === "open") this.#control.send(text);
  }

  /** The path in use, if there is one. */
  async path(): Promise<Path | undefined> {
    return this.#over ? undefined : selectedPath(await this.#stats());
  }

  /** The path in use, once it can be told of which kind it is. */
  async knownPath(): Promise<Path | undefined> {
    if (!this.#over && leadsToUnnamed(await this.#stats())) {
      const cancel = this.#platform.after(namingMs, () => this.#allNamed.set());
      await this.#allNamed.wait().finally(cancel);
    }
    return this.path();
  }

  async #stats(): Promise<Map<string, unknown>> {
    return (await this.#connection.getStats()) as unknown as Map<string, unknown>;
  }

  /** Ends the connection, after everything that was sent and a last word if
   * there is one. */
  close(lastWord?: Code): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel();
    this.#allNamed.set();
    if (lastWord !== undefined && this.#control?.readyState === "open") {
      this.#control.send(encodeControl({ t: "bye", code: lastWord }));
      // A channel closes when the other side has everything.
      const cancel = this.#platform.after(lastWordsMs, () => this.#connection.close());
      this.#control.onclose = () => {
        cancel();
        this.#connection.close();
      };
      this.#channel?.close();
      this.#control.close();
      return;
    }
    this.#channel?.close();
    this.#connection.close();
  }

  #waitsFor(label: string): boolean {
    if (this.#role === "liquid") return label === liquidLabel && !this.#channel;
    return label === controlLabel ? !this.#control : label === channelLabel && !this.#channel;
  }

  #adopt(channel: RTCDataChannel): void {
    this.#watch(channel);
    if (channel.label === controlLabel) {
      this.#control = channel;
      channel.onmessage = ({ data }) => this.#over || this.#events.control(data);
    } else {
      this.#channel = channel;
      channel.onmessage = ({ data }) => this.#over || (typeof data === "string" && this.#events.message(data));
    }
    if (channel.readyState === "open") this.#opened();
  }

  #watch(channel: RTCDataChannel): void {
    channel.onopen = () => this.#opened();
    channel.onclose = () => this.#over || this.#events.closed();
  }

  #opened(): void {
    if (this.ready && !this.#over) this.#events.ready();
  }

  // A candidate that this browser cannot use is no reason to give up the others.
  async #add(candidate: RTCIceCandidateInit): Promise<void> {
    await this.#connection.addIceCandidate(candidate).catch(() => undefined);
  }

  #found(candidate: RTCIceCandidate | null): void {
    // Some browsers announce the end twice, as an empty candidate and as none.
    if (this.#over || candidate?.candidate === "") return;
    if (candidate && !allowed(candidate.candidate, this.#candidates)) return;
    this.#events.candidate({
      t: "ice",
      candidate: candidate ? discreet(candidate.candidate, this.#candidates) : "",
      ...(candidate?.sdpMid != null && { sdpMid: candidate.sdpMid }),
      ...(candidate?.sdpMLineIndex != null && { sdpMLineIndex: candidate.sdpMLineIndex }),
    });
  }

  #changed(): void {
    this.#cancel();
    if (this.#over) return;
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

// The line of the connection has an address, too, once one was found.
function withoutCandidates(sdp: string): string {
  return sdp
    .split("\r\n")
    .filter((line) => !line.startsWith("a=candidate:") && line !== "a=end-of-candidates")
    .map((line) => (line.startsWith("c=") ? "c=IN IP4 0.0.0.0" : line))
    .join("\r\n");
}
