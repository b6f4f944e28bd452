import { makeReader, type Reader } from "./reader.ts";

/** Why a camera shows nothing. */
export type NoCamera = "denied" | "none" | "busy" | "unavailable" | "hidden";

/** What a {@link Camera} tells. */
export interface CameraCalls {
  /** It shows something now. */
  started(): void;
  /** It saw a code. Returns whether that was all; else it looks on. */
  seen(text: string): boolean;
  /** It has stopped by itself. */
  stopped(why: NoCamera): void;
}

const pauseMs = 100;

/** Looks for QR codes with the camera on the back of the device. It stops when it
 * has found what it was to find, and when nobody sees the page. */
export class Camera {
  readonly #video: HTMLVideoElement;
  readonly #calls: CameraCalls;
  #stream: MediaStream | undefined;
  #over = false;
  #timer = 0;
  readonly #hide = () => document.hidden && this.#fail("hidden");

  constructor(video: HTMLVideoElement, calls: CameraCalls) {
    this.#video = video;
    this.#calls = calls;
  }

  /** Asks for the camera, and looks. Call it once. */
  async start(): Promise<void> {
    document.addEventListener("visibilitychange", this.#hide);
    try {
      const stream = await openStream();
      this.#stream = stream;
      if (this.#over) return release(stream);
      for (const track of stream.getTracks()) track.addEventListener("ended", () => this.#fail("busy"));
      const reader = makeReader();
      this.#video.srcObject = stream;
      await this.#video.play();
      const read = await reader;
      if (this.#over) return;
      this.#calls.started();
      void this.#look(read);
    } catch (cause) {
      this.#fail(reasonOf(cause));
    }
  }

  /** Stops, and turns the camera off. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#hide);
    if (this.#stream) release(this.#stream);
    this.#video.srcObject = null;
  }

  async #look(read: Reader): Promise<void> {
    // One picture that cannot be read is no reason to give up.
    const text = await read(this.#video).catch(() => undefined);
    if (this.#over) return;
    if (text && this.#calls.seen(text)) return this.stop();
    this.#timer = window.setTimeout(() => void this.#look(read), pauseMs);
  }

  #fail(why: NoCamera): void {
    if (this.#over) return;
    this.stop();
    this.#calls.stopped(why);
  }
}

async function openStream(): Promise<MediaStream> {
  // A page without TLS has none, nor has a browser without cameras.
  if (!navigator.mediaDevices) throw new DOMException("no cameras here", "NotSupportedError");
  return navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } } });
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function reasonOf(cause: unknown): NoCamera {
  switch (cause instanceof DOMException ? cause.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "unavailable";
  }
}
