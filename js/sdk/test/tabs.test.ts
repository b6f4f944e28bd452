// Several tabs of one site, in one process: their locks and their channel are played here.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test, type TestContext } from "node:test";
import { Attempt, type End } from "../src/modal/attempt.ts";
import type { View } from "../src/modal/view.ts";
import type { SharedSite, ShareOptions } from "../src/tabs.ts";
import { connectSite, type SiteOptions } from "../src/site.ts";
import { Initiator, ofLink, ofResumption } from "./initiator.ts";
import { Scenario, server, settle, until } from "./scenario.ts";

/** The Web Locks of one browser. */
class Locks {
  readonly #held = new Set<string>();
  readonly #waiting = new Map<string, (() => void)[]>();

  async request<T>(name: string, { signal, ifAvailable }: LockOptions, work: (lock: { name: string } | null) => T): Promise<T> {
    if (this.#held.has(name)) {
      if (ifAvailable) return work(null);
      await new Promise<void>((resolve, reject) => {
        this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    }
    this.#held.add(name);
    try {
      return await work({ name });
    } finally {
      this.#held.delete(name);
      this.#waiting.get(name)?.shift()?.();
    }
  }

  async query(): Promise<LockManagerSnapshot> {
    return { held: [...this.#held].map((name) => ({ name })), pending: [] };
  }
}

/** What a frozen tab has not been given yet; undefined while none is made. */
let box: (() => void)[] | undefined;
const frozen = new Set<(() => void)[]>();

/** The channel between the tabs, which holds back what comes while one of them is frozen. */
class Channel {
  static readonly #all = new Set<Channel>();
  readonly #name: string;
  readonly #box = box;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(name: string) {
    this.#name = name;
    Channel.#all.add(this);
  }

  postMessage(word: unknown): void {
    for (const other of Channel.#all) if (other !== this && other.#name === this.#name) other.#comes(structuredClone(word));
  }

  close(): void {
    Channel.#all.delete(this);
  }

  #comes(data: unknown): void {
    const hear = () => void (Channel.#all.has(this) && this.onmessage?.({ data }));
    setTimeout(() => (this.#box && frozen.has(this.#box) ? this.#box.push(hear) : hear()), 0);
  }
}

const page = new EventTarget();
const anything: unknown = new Proxy(() => anything, { get: () => () => anything });
Object.defineProperty(globalThis, "navigator", { value: { locks: new Locks() } });
Object.assign(globalThis, {
  BroadcastChannel: Channel,
  addEventListener: page.addEventListener.bind(page),
  document: Object.assign(new EventTarget(), { createElementNS: () => anything }),
});
const { shareSite } = await import("../src/tabs.ts");
const { Sharing } = await import("../src/modal/sharing.ts");

/** A tab, which leaves when the test is over. */
function tab(t: TestContext, { world }: Pick<Scenario, "world">, options: ShareOptions = {}): SharedSite {
  const shared = shareSite({ server, platform: world.platform, ...options });
  t.after(async () => {
    shared.leave();
    await settle();
  });
  return shared;
}

/** A view in which nobody looks at anything. */
const blind = new Proxy({}, { get: () => () => undefined }) as View;

/** The element of a tab, which renews a code that ran out. */
function element(t: TestContext, { world, events }: Scenario, hears = false): InstanceType<typeof Sharing> {
  const driver: InstanceType<typeof Sharing> = new Sharing({ server, platform: world.platform, ...(hears && { onEvent: (event) => events.push(event) }) }, {
    view: blind,
    told: () => undefined,
    ended: (end: End) => "expired" in end && driver.again(true, true),
  });
  t.after(async () => {
    driver.abandon();
    await settle();
  });
  return driver;
}

/** The wallet scans what a tab shows, and the channel opens. */
async function scan(s: Scenario, shows: () => SharedSite | undefined): Promise<void> {
  s.link = await until(() => (shows()?.link?.uri ? shows()!.link : undefined), "code");
  s.wallet = new Initiator(ofLink(s.link.uri));
  s.attach();
  await s.whole();
  await until(() => shows()!.state.phase === "open" || undefined, "open channel in the tab");
}

test("a tab that lags does not renew a code in the place of an open link", async (t) => {
  const s = new Scenario();
  const a = element(t, s, true);
  const first = await until(() => (a.link?.uri ? a.link : undefined), "code");
  s.link = first;
  s.attach();
  const late = (box = []) as (() => void)[];
  const b = element(t, s);
  await until(() => b.shared?.state.phase === "waiting" || undefined, "code in the other tab");
  box = undefined;
  await settle();
  frozen.add(late);
  s.world.pass(first.lifeMs + 5_000);
  await until(() => (a.link !== first && a.link?.uri) || undefined, "second code");
  await scan(s, () => a.shared);
  await settle();
  frozen.delete(late);
  for (const deliver of late.splice(0)) {
    deliver();
    await new Promise((resolve) => setTimeout(resolve, 0)); // one at a time
  }
  await settle();
  assert.deepEqual([a.shared!.state.phase, b.shared!.state.phase], ["open", "open"]);
});

/** A browser that keeps the pairing of an earlier link. */
async function paired(): Promise<Scenario> {
  const s = await Scenario.link();
  await s.whole();
  s.link.suspend();
  await settle();
  return s;
}

/** Whether there is a pairing to be resumed. */
async function keeps({ world }: Scenario): Promise<boolean> {
  const kept = await world.resumptions.take(server);
  if (kept) world.resumptions.release(kept.id);
  return kept !== undefined;
}

test("close forgets the wallet that is waited for while the server is out of reach", async (t) => {
  const s = await paired();
  s.world.answer = () => undefined;
  const shared = tab(t, s, { auto: false });
  await until(() => shared.state.phase === "resuming" || undefined, "attempt");
  shared.close();
  await until(() => shared.state.phase === "over" || undefined, "end");
  assert.equal(shared.state.reason!.code, "canceled");
  assert.equal(await keeps(s), false);
});

test("the element forgets the wallet that is waited for, and has a code made", async (t) => {
  const s = await paired();
  const { answer } = s.world;
  s.world.answer = (method, path, body) => (path === "/v1/resumptions" ? undefined : answer(method, path, body));
  const driver = element(t, s);
  await settle();
  driver.forget();
  driver.again(true);
  await until(() => driver.shared?.state.phase === "waiting" || undefined, "code");
  assert.equal(await keeps(s), false);
});

/** Both ways to meet a kept wallet again. They resolve with the code that is shown, or
 * with the fact that they go on. */
const meetings = {
  "all tabs share": (t: TestContext, options: SiteOptions) =>
    new Promise<string>((resolve) => {
      const shared = shareSite({ ...options, onState: ({ phase, reason }) => reason && resolve(phase === "over" ? reason.code : "goes on") });
      t.after(() => shared.leave());
    }),
  "is one page's own": (t: TestContext, options: SiteOptions) =>
    new Promise<string>((resolve) => {
      const ended = (end: End) => resolve("reason" in end ? end.reason.code : "goes on");
      const attempt = new Attempt(options, { count: 0 }, false, { view: blind, told: () => undefined, ended });
      t.after(() => attempt.abandon());
    }),
};

for (const [whose, meet] of Object.entries(meetings)) {
  test(`a link that ${whose} and must go through a relay says so where there is none any more, and keeps the wallet`, async (t) => {
    const s = await paired();
    const { platform } = s.world;
    assert.equal(await meet(t, { server, platform, candidates: "relay" }), "ice_failed");
    assert.equal(await keeps(s), true);
  });
}

test("a path through a relay that breaks for a minute is no reason to give the wallet up", async (t) => {
  const s = new Scenario();
  const shared = tab(t, s, { candidates: "relay", onEvent: (event) => s.events.push(event) });
  await scan(s, () => shared);
  s.connection.iceConnectionState = "failed";
  s.connection.oniceconnectionstatechange?.();
  s.world.pass(60_000);
  await until(() => s.all("closed")[0], "end");
  assert.equal(s.all("closed")[0]!.reason.code, "ice_failed");
  await until(() => shared.state.phase !== "open" || undefined, "what comes next");
  assert.equal(shared.state.phase, "resuming");
});

test("an element that is taken out no longer hears its owner's signal", async () => {
  const s = new Scenario();
  const { signal } = new AbortController();
  const driver = new Sharing({ server, platform: s.world.platform, signal }, {
    view: blind,
    told: () => undefined,
    ended: () => undefined,
  });
  assert.equal(getEventListeners(signal, "abort").length, 1);
  driver.abandon();
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("close without a link leaves what another page uses", async (t) => {
  const s = await paired();
  const used = (await s.world.resumptions.take(server))!;
  const shared = tab(t, s, { auto: false });
  await until(() => shared.state.phase === "idle" || undefined, "end of the search");
  shared.close();
  await until(() => shared.state.phase === "over" || undefined, "end");
  s.world.resumptions.release(used.id);
  assert.equal(await keeps(s), true);
});

/** The wallet of an earlier link comes back to a tab, on another link than before. */
async function meet(s: Scenario, earlier: Scenario, shared: SharedSite, before?: unknown): Promise<void> {
  s.link = await until(() => (shared.link !== before && shared.link?.resumes ? shared.link : undefined), "resumption");
  s.wallet = new Initiator(ofResumption(earlier.wallet.resumption));
  s.attach();
  await s.whole();
  await until(() => shared.state.phase === "open" || undefined, "open channel in the tab");
}

/** A tab that has met a wallet again and asks it for something. */
async function asking(t: TestContext) {
  const first = await paired();
  const before = new Scenario(first.world);
  let now = before;
  const shared = tab(t, before, { onEvent: (event) => now.events.push(event) });
  await meet(before, first, shared);
  const asked = shared.request({ method: "pay" });
  const asks = (s: Scenario) => s.channel.sent.find((text) => text.includes("pay"));
  await until(() => asks(before), "request");
  /** The wallet is lost, and this one comes to the next link. */
  const lost = async (comes: Scenario) => {
    const { link } = before;
    now = new Scenario(first.world);
    before.control.closed();
    before.world.pass(300);
    await meet(now, comes, shared, link);
    return now;
  };
  return { before, shared, asked, asks, lost };
}

test("a request that one wallet was asked is not asked of another, met through another pairing", async (t) => {
  const { before, asked, asks, lost } = await asking(t);
  const refused = assert.rejects(asked, ({ code }) => code === "peer_lost");
  // Another page of the site links another wallet, and leaves it.
  const other = new Scenario(before.world);
  other.link = await connectSite(other.options({}));
  other.wallet = new Initiator(ofLink(other.link.uri));
  other.attach();
  await other.whole();
  other.link.suspend();
  await settle();
  const next = await lost(other);
  await refused;
  assert.equal(asks(next), undefined);
});

test("a request is asked again of the same wallet", async (t) => {
  const { before, shared, asked, asks, lost } = await asking(t);
  const { peer } = shared.state;
  const next = await lost(before);
  assert.equal(shared.state.peer, peer);
  const again = await until(() => asks(next), "request, again");
  next.channel.say(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(again).id, result: "paid" }));
  assert.equal((await asked as { result?: unknown }).result, "paid");
});

test("a tab that comes when all is over hears nothing of the link that was", async (t) => {
  const s = new Scenario();
  const a = tab(t, s, { onEvent: (event) => s.events.push(event) });
  await scan(s, () => a);
  a.close();
  await until(() => a.state.phase === "over" || undefined, "end");
  const heard: string[] = [];
  const b = tab(t, s, { auto: false, onEvent: ({ type }) => heard.push(type) });
  await until(() => b.state.phase === "over" || undefined, "end in the other tab");
  await settle();
  assert.deepEqual(heard, []);
});

test("what is given up before it is asked is not asked", async (t) => {
  const s = new Scenario();
  const a = tab(t, s, { onEvent: (event) => s.events.push(event) });
  await scan(s, () => a);
  const signal = AbortSignal.abort();
  const canceled = (error: { code?: string }) => error.code === "canceled";
  await assert.rejects(a.send("text", { signal }), canceled);
  await assert.rejects(a.request({ method: "pay" }, { signal }), canceled);
  await settle();
  assert.deepEqual(s.channel.sent, []);
});

test("a tab that the browser brings back learns what has happened since", async (t) => {
  const s = new Scenario();
  const a = tab(t, s, { onEvent: (event) => s.events.push(event) });
  const late = (box = []) as (() => void)[];
  const b = tab(t, s);
  box = undefined;
  await until(() => b.state.phase === "waiting" || undefined, "code in the other tab");
  frozen.add(late);
  await scan(s, () => a);
  await settle();
  frozen.delete(late); // and what came meanwhile is lost
  assert.equal(b.state.phase, "waiting");
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await until(() => b.state.phase === "open" || undefined, "open channel in the other tab");
});
