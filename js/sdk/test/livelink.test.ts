import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveLink, type LiaisonOptions, type LiaisonState } from "../src/livelink.ts";
import { Scenario, server, settle, until } from "./scenario.ts";
import type { Answer } from "./world.ts";

/** Holds links in the browser of a scenario, and notes each phase. */
function live(s: Scenario, options: LiaisonOptions = {}) {
  const held = new LiveLink();
  held.options = { server, platform: s.world.platform, ...options };
  const phases: string[] = [];
  held.subscribe(() => phases.at(-1) !== held.state().phase && phases.push(held.state().phase));
  const come = (phase: LiaisonState["phase"]) => until(() => (held.state().phase === phase ? held.state() : undefined), `phase ${phase}, but ${held.state().phase}`);
  return { held, phases, come };
}

/** A browser that has a pairing to resume. */
async function paired(): Promise<Scenario> {
  const s = await Scenario.link();
  await s.whole();
  s.link.suspend();
  await settle();
  s.calls.length = 0;
  return s;
}

test("a pairing that the server refuses for good does not stand in the way of a code, one that is refused for now does", async () => {
  for (const [answer, phase, uri] of [[[403, { code: "link_forbidden" }], "waiting", /^liquid:/], [[503, { code: "unavailable" }], "failed", /^$/]] as const) {
    const s = await paired();
    s.instead = ({ path }) => (path.endsWith("/resumptions") ? answer : "usual");
    const { held, come } = live(s);
    held.connect();
    const state = await come(phase);
    assert.match(state.uri, uri);
    assert.equal(state.error?.code, phase === "failed" ? "unavailable" : undefined);
    assert.equal(s.asked("POST", "/resumptions").length, 1);
  }
});

test("connecting twice makes one link; a fresh code takes the place of an earlier wallet", async () => {
  const s = await paired();
  const { held, come } = live(s);
  held.connect();
  held.connect();
  const { resuming, uri, account } = await come("waiting");
  assert.deepEqual([resuming, uri, account], [true, "", s.signer.account]);
  held.connect({ fresh: true });
  await come("starting");
  const fresh = await come("waiting");
  assert.deepEqual([fresh.resuming, fresh.account], [false, ""]);
  assert.match(fresh.uri, /^liquid:/);
  assert.deepEqual([s.asked("POST", "/resumptions").length, s.asked("GET", "/challenge").length], [1, 1]);
});

test("giving up before there is a link is no failure, and what comes later changes nothing", async () => {
  const s = new Scenario();
  let answer = () => {};
  s.instead = () => new Promise((resolve) => (answer = () => resolve([503, { code: "unavailable" }])));
  const { held, phases, come } = live(s);
  held.connect();
  await settle();
  held.close();
  answer();
  assert.equal((await come("closed")).error?.code, "canceled");
  await settle();
  assert.deepEqual([phases, held.state().link], [["starting", "closed"], undefined]);
});

test("what was given up for a fresh code tells nothing more", async () => {
  const s = new Scenario();
  let answer = () => {};
  const first = new Promise<Answer>((resolve) => (answer = () => resolve([503, { code: "unavailable" }])));
  s.instead = () => (s.calls.length === 1 ? first : "usual");
  const { held, phases, come } = live(s);
  held.connect();
  await settle();
  held.connect({ fresh: true });
  await come("waiting");
  answer();
  await settle();
  assert.deepEqual(phases, ["starting", "waiting"]);
});

test("an owner that comes back at once finds the link as it was; one that goes leaves it, as a page does that is hidden", async (t) => {
  const page = new EventTarget();
  const around = { addEventListener: page.addEventListener.bind(page), removeEventListener: page.removeEventListener.bind(page) };
  const before = Object.keys(around).map((name) => [name, Reflect.get(globalThis, name)] as const);
  Object.assign(globalThis, around);
  t.after(() => Object.assign(globalThis, Object.fromEntries(before)));

  const s = new Scenario();
  const { held, phases, come } = live(s, { begin: "connect" });
  held.own()();
  const release = held.own();
  const { link } = await come("waiting");
  assert.equal(s.asked("GET", "/challenge").length, 1);

  page.dispatchEvent(new Event("pagehide"));
  assert.equal((await link!.closed).code, "canceled");
  assert.equal(held.state().phase, "idle");
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  assert.equal(held.state().phase, "idle", "this one was loaded anew and has begun by itself");
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  const again = await come("waiting");
  release();
  assert.equal((await again.link!.closed).code, "canceled");
  page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  assert.deepEqual(phases, ["starting", "waiting", "idle", "starting", "waiting", "idle"]);
  assert.equal(s.world.pending, 0, "a timer or listener is left");
});
