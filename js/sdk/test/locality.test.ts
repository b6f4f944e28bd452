import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bytes } from "../src/bytes.ts";
import { judgeLocality, Prober, type LocalitySignals } from "../src/locality.ts";
import { localities, stricter, type Locality } from "../src/localitylevel.ts";
import { World } from "./world.ts";

const far: LocalitySignals = { pair: "srflx", pingMs: 120, network: "different" };

// What counts as local: pair, round trip, network.
const signals: [string, Partial<LocalitySignals>, [boolean, boolean, boolean]][] = [
  ["far away", {}, [false, false, false]],
  ["nothing known", { pair: undefined, pingMs: undefined, network: "unknown" }, [false, false, false]],
  ["host pair, quick", { pair: "host", pingMs: 50 }, [true, false, false]],
  ["host pair, slow", { pair: "host", pingMs: 50.1 }, [false, false, false]],
  ["host pair, too few pongs", { pair: "host", pingMs: undefined }, [false, false, false]],
  ["host pair, very quick", { pair: "host", pingMs: 1 }, [true, true, false]],
  ["through routers, quick", { pair: "srflx", pingMs: 30 }, [false, true, false]],
  ["through routers, a little slow", { pair: "srflx", pingMs: 30.1 }, [false, false, false]],
  ["through a relay, quick", { pair: "relay", pingMs: 1 }, [false, false, false]],
  ["quick over nobody knows what", { pair: undefined, pingMs: 1 }, [false, false, false]],
  ["same address", { network: "same-address" }, [false, false, true]],
  ["same network", { network: "same-network" }, [false, false, true]],
  ["through a relay in the same network", { pair: "relay", network: "same-network" }, [false, false, true]],
];

for (const [name, some, [pair, roundTrip, network]] of signals) {
  test(`${name}: what each level makes of it`, () => {
    const all = { ...far, ...some };
    const measured = pair || roundTrip;
    const want: Record<Locality, object> = {
      off: { pair: false, roundTrip: false, network: false, local: false, needsCode: false, refused: false },
      report: { pair, roundTrip, network, local: measured || network, needsCode: false, refused: false },
      prefer: { pair, roundTrip, network, local: measured || network, needsCode: !(measured || network), refused: false },
      require: { pair, roundTrip, network, local: measured, needsCode: false, refused: !measured },
    };
    for (const level of localities) assert.deepEqual(judgeLocality(level, all), want[level], level);
  });
}

test("of two levels the stricter one counts", () => {
  for (const [i, a] of localities.entries()) for (const [j, b] of localities.entries()) assert.equal(stricter(a, b), localities[Math.max(i, j)]);
});

/** A prober whose other side answers ping n after delays[n] milliseconds; not at
 * all where that is undefined. */
async function measure(delays: readonly (number | undefined)[], answer = (prober: Prober, nonce: Bytes, _n: number) => prober.pong(nonce, new Uint8Array())) {
  const world = new World();
  const nonces: Bytes[] = [];
  const prober = new Prober(world.platform, {
    ping(nonce) {
      const n = nonces.push(nonce) - 1;
      const delay = delays[n];
      // After this call, as everything that comes over a channel.
      queueMicrotask(() => {
        world.pass(delay ?? 0);
        if (delay === undefined) world.pass(1_000);
        else void answer(prober, nonce, n);
      });
    },
    check: async (_nonce, mac) => mac.length === 0,
  });
  const least = await prober.measure();
  assert.equal(world.pending, 0, "timers left");
  assert.equal(new Set(nonces.map(String)).size, nonces.length, "nonces drawn twice");
  return { least, sent: nonces.length };
}

test("the least of twenty round trips counts", async () => {
  const delays = Array.from({ length: 20 }, (_, i) => 40 - i);
  assert.deepEqual(await measure(delays), { least: 21, sent: 20 });
});

test("ten good ones are enough, nine are not", async () => {
  const ten = Array.from({ length: 20 }, (_, i) => (i % 2 ? undefined : 9));
  assert.deepEqual(await measure(ten), { least: 9, sent: 20 });
  assert.equal((await measure(ten.map((ms, i) => (i === 0 ? undefined : ms)))).least, undefined);
});

test("it stops as soon as ten cannot be reached", async () => {
  assert.deepEqual(await measure([]), { least: undefined, sent: 11 });
});

const quick = Array<number>(20).fill(5);

test("a pong with a wrong MAC does not count", async () => {
  const answer = (prober: Prober, nonce: Bytes, n: number) => prober.pong(nonce, new Uint8Array(n < 11 ? 1 : 0));
  assert.equal((await measure(quick, answer)).least, undefined);
});

test("a wrong pong uses up its ping", async () => {
  const answer = async (prober: Prober, nonce: Bytes) => {
    void prober.pong(nonce, new Uint8Array(1));
    await prober.pong(nonce, new Uint8Array());
  };
  assert.equal((await measure(quick, answer)).least, undefined);
});

test("a pong for another nonce is overlooked", async () => {
  const answer = async (prober: Prober, nonce: Bytes) => {
    await prober.pong(nonce.map((byte) => byte ^ 1), new Uint8Array());
    await prober.pong(nonce.slice(1), new Uint8Array());
    await prober.pong(nonce, new Uint8Array());
  };
  assert.deepEqual(await measure(quick, answer), { least: 5, sent: 20 });
});

test("a pong that comes again, for a ping that is over, is overlooked", async () => {
  const old: Bytes[] = [];
  const answer = async (prober: Prober, nonce: Bytes) => {
    for (const earlier of old) await prober.pong(earlier, new Uint8Array());
    old.push(nonce);
    await prober.pong(nonce, new Uint8Array());
  };
  assert.deepEqual(await measure(quick, answer), { least: 5, sent: 20 });
});
