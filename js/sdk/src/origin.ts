import { concat } from "./bytes.ts";
import type { Platform } from "./platform.ts";

const wellKnownPath = "/.well-known/liaison.json";
const wellKnownMs = 3_000;
const wellKnownBytes = 4 << 10;

/** Whether the origin that a site claims is its own: the link leads there, or the
 * origin itself names the link's server; and the server says that a page of that
 * origin opened the link, spec/sealed.md §7. In a browser the origin must let pages
 * of others read what it says of its servers. */
export async function verifyOrigin(claimed: string, server: string, opened: string | undefined, platform: Pick<Platform, "fetch" | "after">, signal: AbortSignal): Promise<boolean> {
  if (claimed !== opened) return false;
  const { host } = new URL(server);
  return new URL(claimed).host === host || namesBroker(claimed, host, platform, signal);
}

/** Asks the origin itself which servers act for it. */
async function namesBroker(origin: string, host: string, platform: Pick<Platform, "fetch" | "after">, signal: AbortSignal): Promise<boolean> {
  if (!origin.startsWith("https:")) return false;
  const abort = new AbortController();
  const stop = () => abort.abort();
  const cancel = platform.after(wellKnownMs, stop);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const response = await platform.fetch(origin + wellKnownPath, { credentials: "omit", redirect: "error", cache: "no-store", referrerPolicy: "no-referrer", signal: abort.signal });
    const { brokers } = JSON.parse(response.ok ? await readSome(response, wellKnownBytes) : "{}") as { brokers?: unknown };
    return Array.isArray(brokers) && brokers.includes(host);
  } catch {
    return false;
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
}

/** Reads an answer that has no more bytes than that; throws for a longer one. */
async function readSome(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body!.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes > most) {
      await reader.cancel();
      throw new RangeError("the answer is too long");
    }
  }
  return new TextDecoder().decode(concat(...chunks));
}
