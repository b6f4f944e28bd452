import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbox, Outbox } from "../src/cursor.ts";

/** Every order of the numbers below n. */
function* permutations(n: number, chosen: number[] = []): Generator<number[]> {
  if (chosen.length === n) yield chosen;
  for (let i = 0; i < n; i++) if (!chosen.includes(i)) yield* permutations(n, [...chosen, i]);
}

/** Every word of the given length over an alphabet. */
function* words<T>(alphabet: readonly T[], length: number, word: T[] = []): Generator<T[]> {
  if (word.length === length) yield word;
  else for (const letter of alphabet) yield* words(alphabet, length, [...word, letter]);
}

test("an inbox takes every frame once and in order, whatever the order of arrival", () => {
  for (const order of permutations(5)) {
    const inbox = new Inbox();
    const taken: number[] = [];
    for (let round = 0; round < 5; round++) for (const n of order) if (inbox.accept(n) === "take") taken.push(n);
    assert.deepEqual(taken, [0, 1, 2, 3, 4], `order ${order}, five times over`);
  }
});

test("an inbox never skips and never repeats, for all sequences of six arrivals", () => {
  for (const arrivals of words([0, 1, 2, 3], 6)) {
    const inbox = new Inbox();
    let next = 0;
    for (const n of arrivals) {
      const verdict = inbox.accept(n);
      const want = n < next ? ["drop"] : n === next ? ["take"] : ["gap", "wait"];
      assert.ok(want.includes(verdict), `arrivals ${arrivals}, frame ${n}: got ${verdict}, want ${want}`);
      if (verdict === "take") next++;
      assert.equal(inbox.next, next, `arrivals ${arrivals}: cursor`);
    }
  }
});

test("an inbox asks once for what is missing, and again only for something else", () => {
  const inbox = new Inbox();
  assert.deepEqual([1, 2, 0, 3].map((n) => inbox.accept(n)), ["gap", "wait", "take", "gap"]);
  assert.deepEqual([1, 2, 4].map((n) => inbox.accept(n)), ["take", "take", "gap"]);
  inbox.resubscribed();
  assert.equal(inbox.accept(5), "wait", "a subscription that was just made asks for the rest itself");
});

test("an outbox numbers from 0 and hands each frame over once", () => {
  const outbox = new Outbox();
  assert.deepEqual(["a", "b"].map((d) => outbox.push(d).n), [0, 1]);
  assert.deepEqual(outbox.take(), [{ n: 0, d: "a" }, { n: 1, d: "b" }]);
  assert.deepEqual(outbox.take(), []);
});

test("an outbox sends again what was not acknowledged, and nothing else", () => {
  const outbox = new Outbox();
  for (const d of ["a", "b", "c"]) outbox.push(d);
  outbox.take();
  assert.equal(outbox.acknowledge(2), true);
  outbox.rewind();
  assert.deepEqual(outbox.take(), [{ n: 2, d: "c" }]);
});

test("an outbox believes no acknowledgement that cannot be", () => {
  const outbox = new Outbox();
  for (const d of ["a", "b", "c"]) outbox.push(d);
  outbox.take();
  outbox.acknowledge(2);
  for (const next of [0, 1, 2, 4, 99]) assert.equal(outbox.acknowledge(next), false, `acknowledge(${next}) after 2 of 3`);
  assert.equal(outbox.acknowledged, 2);
  assert.equal(outbox.waiting, 1);
});

test("an outbox never has more under way than half a mailbox", () => {
  const outbox = new Outbox();
  for (let i = 0; i < 100; i++) outbox.push(String(i));
  const sent: number[] = outbox.take().map((f) => f.n);
  assert.equal(sent.length, 32);
  while (outbox.waiting) {
    outbox.acknowledge(outbox.acknowledged + 1);
    sent.push(...outbox.take().map((f) => f.n));
  }
  assert.deepEqual(sent, Array.from({ length: 100 }, (_, i) => i));
});

// A sender and a receiver with a line between them that loses, repeats and
// breaks: whatever happens in five steps, once the line holds everything is
// there, once and in order.
test("outbox and inbox agree after every course of trouble", () => {
  const steps = ["push", "send", "lose", "repeat", "ack", "cut"] as const;
  for (const course of words(steps, 5)) {
    const outbox = new Outbox();
    const inbox = new Inbox();
    const got: string[] = [];
    let pushed = 0;
    const deliver = (frames: { n: number; d: string }[]) => {
      for (const { n, d } of frames) if (inbox.accept(n) === "take") got.push(d);
    };
    const push = () => outbox.push(String(pushed++));
    push();
    for (const step of course) {
      if (step === "push") push();
      else if (step === "send") deliver(outbox.take());
      else if (step === "lose") outbox.take();
      else if (step === "repeat") {
        outbox.rewind();
        deliver(outbox.take().reverse());
      } else if (step === "ack") outbox.acknowledge(inbox.next);
      else outbox.rewind();
    }
    outbox.acknowledge(inbox.next);
    outbox.rewind();
    deliver(outbox.take());
    outbox.acknowledge(inbox.next);
    assert.deepEqual(got, Array.from({ length: pushed }, (_, i) => String(i)), `course ${course}`);
    assert.equal(outbox.waiting, 0, `course ${course}`);
  }
});
