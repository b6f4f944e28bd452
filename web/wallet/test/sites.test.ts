import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError, type Code, type PathKind } from "@liaison/client";
import type { Pairing, WalletEvent, WalletLink, WalletOptions } from "@liaison/client/wallet";
import type { WalletSDK } from "../sdk.ts";
import { LinkedSite, Sites } from "../sites.ts";

/** Lets everything happen that only waits for a promise. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A link whose end a test decides. */
class FakeLink implements WalletLink {
  readonly site;
  readonly account;
  readonly verified;
  readonly assurance;
  readonly shortCode = "";
  readonly locality = undefined;
  readonly sent: string[] = [];
  readonly left: string[] = [];
  end!: (code: Code) => void;
  readonly closed = new Promise<LinkError>((resolve) => (this.end = (code) => resolve(new LinkError(code))));

  constructor(readonly pairing: string, kept: Pairing) {
    ({ site: this.site, account: this.account, verified: this.verified, assurance: this.assurance } = kept);
  }

  async opened(): Promise<void> {}
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.left.push("close");
    this.end("canceled");
  }
  suspend(): void {
    this.left.push("suspend");
    this.end("canceled");
  }
}

/** Somebody who waits for a site. */
interface Waiting {
  readonly id: string;
  readonly candidates: PathKind | undefined;
  readonly remote: () => Promise<boolean>;
  readonly onEvent: (event: WalletEvent) => void;
  come(link: WalletLink): void;
  refuse(code: Code): void;
}

class World {
  pairings: Pairing[] = [];
  readonly waiting: Waiting[] = [];
  readonly forgotten: string[] = [];
  readonly pauses: { ms: number; ring: () => void }[] = [];
  readonly over: string[] = [];
  readonly sites: Sites;
  candidates: PathKind = "host";

  constructor() {
    const sdk: WalletSDK = {
      readLink: () => Promise.reject(new LinkError("internal")),
      listPairings: async () => [...this.pairings],
      resumeWallet: ({ pairing: id }: Pairing, { onEvent, signal, confirmRemote, candidates }: WalletOptions = {}) =>
        new Promise((come, fail) => {
          const waiting = { id, candidates, onEvent: onEvent!, remote: () => confirmRemote!({ level: "prefer", local: false, path: "srflx", rttMs: 80, network: "different" }), come, refuse: (code: Code) => fail(new LinkError(code)) };
          this.waiting.push(waiting);
          signal!.addEventListener("abort", () => {
            this.waiting.splice(this.waiting.indexOf(waiting), 1);
            fail(new LinkError("canceled"));
          });
        }),
      forgetPairing: async ({ pairing: id }) => {
        this.forgotten.push(id);
        this.pairings = this.pairings.filter((one) => one.pairing !== id);
      },
    };
    const after = (ms: number, ring: () => void) => {
      const pause = { ms, ring };
      this.pauses.push(pause);
      return () => void this.pauses.splice(this.pauses.indexOf(pause), 1);
    };
    this.sites = new Sites({ sdk, after, candidates: () => this.candidates });
    this.sites.onover = (site, reason) => this.over.push(`${site.site.name} ${reason.code}`);
  }

  pair(id: string): Pairing {
    const pairing: Pairing = { pairing: id, locality: "report", server: "https://a.example", site: { name: `Site ${id}`, origin: `https://${id}.example` }, account: "eip155:1:0x0", assurance: "sealed+origin", verified: true, expiresAt: 1 };
    this.pairings.push(pairing);
    return pairing;
  }

  get presences(): string[] {
    return this.sites.all.map(({ site, presence }) => `${site.name} ${presence}`);
  }
}

test("every pairing is waited for, and what is said comes to the right one", async () => {
  const world = new World();
  const [a] = [world.pair("a"), world.pair("b")];
  await world.sites.start();
  await world.sites.start();
  assert.deepEqual(world.waiting.map(({ id }) => id), ["a", "b"]);
  assert.deepEqual(world.presences, ["Site a waiting", "Site b waiting"]);
  const link = new FakeLink("a", a);
  world.waiting[0]!.come(link);
  await settle();
  world.waiting[0]!.onEvent({ at: 1, type: "open" });
  world.waiting[0]!.onEvent({ at: 2, type: "message", data: "hello" });
  assert.deepEqual(world.presences, ["Site a here", "Site b waiting"]);
  world.sites.all[0]!.say("hello yourself");
  assert.deepEqual(world.sites.all[0]!.said, [{ from: "site", text: "hello" }, { from: "wallet", text: "hello yourself" }]);
  assert.deepEqual(link.sent, ["hello yourself"]);
});

/** A wallet whose one site has come. */
async function met() {
  const world = new World();
  const link = new FakeLink("a", world.pair("a"));
  await world.sites.start();
  world.waiting[0]!.come(link);
  await settle();
  return { world, link };
}

test("what a site asks for is answered with no, once for each id, and told to the person as words", async () => {
  const { world, link } = await met();
  const hear = (message: object) => world.waiting[0]!.onEvent({ at: 1, type: "message", data: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  for (const id of ["1", "1", "2"]) hear({ id, method: "mint" });
  hear({ id: "3", method: "<b>bold</b>" });
  hear({ id: "4", method: "" });
  await settle();
  assert.deepEqual(link.sent.map((text) => JSON.parse(text)).map(({ id, error }) => [id, error.code]), [["1", -32601], ["1", -32601], ["2", -32601], ["3", -32601], ["4", -32600]]);
  assert.deepEqual(world.sites.all[0]!.said, [{ from: "asked", text: "mint" }, { from: "asked", text: "<b>bold</b>" }]);
});

test("of what was said the last 500 are kept, and how many there were before is known", () => {
  const site = new LinkedSite({ site: { name: "Site", origin: "https://a.example" }, account: "a", verified: true, assurance: "sealed" });
  site.hear({ at: 1, type: "message", data: "first" });
  for (let n = 0; n < 600; n++) site.hear({ at: 1, type: "message", data: JSON.stringify({ jsonrpc: "2.0", method: `m${n % 2}` }) });
  assert.deepEqual([site.said.length, site.dropped, site.said.at(-1)], [500, 101, { from: "asked", text: "m1" }]);
});

test("each site is told the addresses that the person wants it to be told by now", async () => {
  const world = new World();
  world.pair("a");
  await world.sites.start();
  world.candidates = "relay";
  world.sites.stop();
  await world.sites.start();
  await settle();
  assert.deepEqual(world.waiting.map(({ id, candidates }) => [id, candidates]), [["a", "relay"]]);
});

test("a site that is lost is waited for again, with what it was said before", async () => {
  const { world, link } = await met();
  world.waiting[0]!.onEvent({ at: 1, type: "message", data: "hello" });
  link.end("peer_lost");
  await settle();
  assert.equal(world.waiting.length, 2);
  assert.deepEqual([world.presences, world.sites.all[0]!.said.length, world.over], [["Site a waiting"], 1, []]);
});

test("a site that another tab of the wallet has is shown as that, and taken when that tab is gone", async () => {
  const world = new World();
  world.pair("a");
  await world.sites.start();
  const shown: string[] = [];
  world.sites.onchange = () => void shown.push(...world.presences);
  for (const at of [0, 1, 2]) {
    world.waiting[at]!.refuse("replaced");
    await settle();
    assert.deepEqual(world.pauses.map(({ ms }) => ms), [1000]);
    world.pauses.shift()!.ring();
    await settle();
  }
  assert.deepEqual(shown, ["Site a elsewhere"], "told each time that it is looked");
  assert.deepEqual(world.pauses.map(({ ms }) => ms), [200]);
  world.pauses[0]!.ring(); // it was not refused: the other tab is gone, and the site not there
  assert.deepEqual(world.presences, ["Site a waiting"]);
});

test("a site that no narrow path leads to is shown as that, and tried again once in a while", async () => {
  const world = new World();
  world.candidates = "relay";
  const pairing = world.pair("a");
  await world.sites.start();
  const refused = async (code: Code) => {
    world.waiting.at(-1)!.refuse(code);
    await settle();
    const pause = world.pauses.shift()!;
    const shown = world.presences;
    pause.ring();
    await settle();
    return [pause.ms, ...shown, ...world.presences];
  };
  for (let tries = 0; tries < 2; tries++) assert.deepEqual(await refused("ice_failed"), [60_000, "Site a narrow", "Site a narrow"]);
  assert.deepEqual(await refused("signaling_unreachable"), [2_000, "Site a waiting", "Site a waiting"]);
  await refused("ice_failed");
  world.candidates = "host";
  world.sites.stop();
  await world.sites.start();
  await settle();
  assert.deepEqual([world.presences, world.waiting.at(-1)!.candidates], [["Site a waiting"], "host"]);
  assert.deepEqual(await refused("ice_failed"), [500, "Site a waiting", "Site a waiting"], "all addresses are told");
  world.waiting.at(-1)!.come(new FakeLink("a", pairing));
  await settle();
  world.waiting.at(-1)!.onEvent({ at: 1, type: "open" });
  assert.deepEqual(world.presences, ["Site a here"]);
});

test("a server that is away is asked again, less and less often", async () => {
  const world = new World();
  world.pair("a");
  await world.sites.start();
  const pauses = [];
  for (let tries = 0; tries < 7; tries++) {
    world.waiting[tries]!.refuse("signaling_unreachable");
    await settle();
    pauses.push(world.pauses[0]!.ms);
    world.pauses.shift()!.ring();
    await settle();
  }
  assert.deepEqual(pauses, [500, 1000, 2000, 5000, 15000, 15000, 15000]);
});

test("a goodbye, and a site that knows the wallet no more, take it from the list", async () => {
  for (const code of ["channel_closed", "link_closed", "not_local"] as const) {
    const world = new World();
    const link = new FakeLink("a", world.pair("a"));
    await world.sites.start();
    world.waiting[0]!.come(link);
    await settle();
    link.end(code);
    await settle();
    assert.deepEqual([world.presences, world.over], [[], [`Site a ${code}`]]);
  }
  const world = new World();
  world.pair("a");
  await world.sites.start();
  world.waiting[0]!.refuse("resumption_unknown");
  await settle();
  assert.deepEqual([world.presences, world.over], [[], ["Site a resumption_unknown"]]);
});

test("who removes a site says goodbye and forgets it", async () => {
  const world = new World();
  const link = new FakeLink("a", world.pair("a"));
  world.pair("b");
  await world.sites.start();
  world.waiting[0]!.come(link);
  await settle();
  const [a, b] = [...world.sites.all];
  await world.sites.remove(a!);
  await world.sites.remove(b!);
  await settle();
  assert.deepEqual([link.left, world.forgotten, world.presences, world.over], [["close"], ["a", "b"], [], []]);
});

test("a wallet that is locked leaves every site without a goodbye, and comes back", async () => {
  const world = new World();
  const link = new FakeLink("a", world.pair("a"));
  world.pair("b");
  await world.sites.start();
  world.waiting[0]!.come(link);
  await settle();
  world.sites.stop();
  await settle();
  assert.deepEqual([link.left, world.over, world.forgotten], [["suspend"], [], []]);
  assert.deepEqual(world.presences, ["Site a resting", "Site b resting"]);
  await world.sites.start();
  assert.deepEqual(world.waiting.map(({ id }) => id).slice(-2), ["a", "b"]);
  assert.equal(world.sites.all.length, 2);
});

test("a link that was just agreed to is first in the list, and can be met again", async () => {
  const world = new World();
  world.pair("b");
  await world.sites.start();
  const link = new FakeLink("a", world.pair("a"));
  const site = new LinkedSite(link);
  world.sites.adopt(site, link);
  site.hear({ at: 1, type: "code", shortCode: "123 456" });
  assert.deepEqual([site.shortCode, site.presence], ["123 456", "connecting"]);
  site.hear({ at: 2, type: "open" });
  assert.deepEqual([site.shortCode, site.presence], ["", "here"]);
  assert.deepEqual(world.presences, ["Site a here", "Site b waiting"]);
  link.end("ice_failed");
  await settle();
  assert.deepEqual(world.presences, ["Site a waiting", "Site b waiting"]);
  assert.equal(world.waiting.at(-1)!.id, "a");
});

test("a link that ends before anything was kept is over", async () => {
  const world = new World();
  await world.sites.start();
  const link = new FakeLink("a", world.pair("a"));
  world.pairings = [];
  world.sites.adopt(new LinkedSite(link), link);
  link.end("timed_out");
  await settle();
  assert.deepEqual([world.presences, world.over], [[], ["Site a timed_out"]]);
});

test("a site that is not near is asked about once more, and each answer is the person's", async () => {
  const world = new World();
  world.pair("a");
  await world.sites.start();
  const site = world.sites.all[0]!;
  for (const yes of [false, true]) {
    const answer = world.waiting[0]!.remote();
    site.goOn!(yes);
    assert.equal(await answer, yes);
    assert.equal(site.goOn, undefined);
  }
});

test("of many sites the newest are waited for, and the others when somebody looks", async () => {
  const world = new World();
  for (const id of "abcdefg") world.pair(id);
  await world.sites.start();
  assert.deepEqual(world.waiting.map(({ id }) => id), [..."abcde"]);
  const last = world.sites.all.at(-1)!;
  assert.equal(last.presence, "resting");
  world.sites.wake(last);
  world.sites.wake(last);
  assert.deepEqual(world.waiting.map(({ id }) => id), [..."abcdeg"]);
  world.sites.stop();
  world.sites.wake(last);
  assert.equal(world.waiting.length, 0);
});
