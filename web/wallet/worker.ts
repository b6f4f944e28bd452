// The service worker: keeps the page's own files, of one version, so that the
// wallet starts without a network. It has nothing to do with any other request:
// not with the server's API, and not with other origins.

/** What the build puts in the place of FILES: each file's address and the SHA-256
 * of its content, as subresource integrity writes it. */
declare const FILES: readonly (readonly [address: string, integrity: string])[];
/** Names this very set of files. */
declare const VERSION: string;

interface WorkerScope {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: "fetch", listener: (event: { readonly request: Request; respondWith(answer: Promise<Response>): void }) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
const prefix = "liaison-wallet ";
const name = prefix + VERSION;
const own = new Set(FILES.map(([address]) => address));

scope.addEventListener("install", (event) => event.waitUntil(keep()));
scope.addEventListener("activate", (event) => event.waitUntil(forget().then(() => scope.clients.claim())));
scope.addEventListener("message", ({ data }) => {
  if (data === "activate") void scope.skipWaiting();
});
scope.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname, search } = new URL(url);
  if (method !== "GET" || origin !== location.origin || search !== "" || !own.has(pathname)) return;
  event.respondWith(serve(pathname, event.request));
});

/** Stores every file, or none: a server that has another version by now has other
 * hashes, and the next attempt will find its worker. */
async function keep(): Promise<void> {
  const cache = await caches.open(name);
  await Promise.all(
    FILES.map(async ([address, integrity]) => {
      const answer = await fetch(address, { integrity, cache: "no-cache", credentials: "omit", redirect: "error" });
      if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
      await cache.put(address, answer);
    }),
  ).catch(async (cause: unknown) => {
    await caches.delete(name);
    throw cause;
  });
}

/** Deletes the files of other versions. */
async function forget(): Promise<void> {
  const others = (await caches.keys()).filter((one) => one.startsWith(prefix) && one !== name);
  await Promise.all(others.map((one) => caches.delete(one)));
}

async function serve(pathname: string, request: Request): Promise<Response> {
  const cache = await caches.open(name);
  return (await cache.match(pathname)) ?? fetch(request);
}

export {};
