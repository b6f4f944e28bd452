import { Resumptions, type ResumptionStore } from "./resumptions.ts";

/** What the SDK needs of its surroundings. browserPlatform is the real
 * one; a test brings its own clock, network and luck. */
export interface Platform {
  /** Sends a request. */
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Opens a WebSocket that offers these subprotocols. */
  socket(url: string, subprotocols: string[]): WebSocket;
  /** Makes a peer connection. */
  peer(config: RTCConfiguration): RTCPeerConnection;
  /** Makes the certificate of one connection. */
  certificate(): Promise<RTCCertificate>;
  /** Where pairings are kept that can be resumed. */
  readonly resumptions: ResumptionStore;
  /** Milliseconds since any fixed moment, never going back. */
  now(): number;
  /** Milliseconds since 1970. */
  date(): number;
  /** A number from 0 up to 1, for spreading retries. */
  random(): number;
  /** Calls back once after some milliseconds, unless the result is called. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back whenever the network returns, until the result is called. */
  online(callback: () => void): () => void;
}

/** The browser's own surroundings. */
export function browserPlatform(): Platform {
  return {
    fetch: (url, init) => fetch(url, init),
    socket: (url, subprotocols) => new WebSocket(url, subprotocols),
    peer: (config) => new RTCPeerConnection(config),
    certificate: () => RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" } as EcKeyGenParams),
    resumptions: new Resumptions(),
    now: () => performance.now(),
    date: () => Date.now(),
    random: () => Math.random(),
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    online(callback) {
      addEventListener("online", callback);
      return () => removeEventListener("online", callback);
    },
  };
}
