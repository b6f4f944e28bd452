import assert from "node:assert/strict";
import { test } from "node:test";
import { AutoLock } from "../vault/autolock.ts";

/** A clock, and the one timer that is set. */
class Clock {
  now = 1_000_000;
  at = Infinity;
  ring: (() => void) | undefined;
  date = () => this.now;
  after = (ms: number, callback: () => void) => {
    this.at = this.now + ms;
    this.ring = callback;
    return () => ((this.at = Infinity), (this.ring = undefined));
  };

  /** Goes on, and rings on the way. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.at <= end) {
      this.now = this.at;
      const ring = this.ring!;
      this.at = Infinity;
      this.ring = undefined;
      ring();
    }
    this.now = end;
  }
}

function started() {
  const clock = new Clock();
  const locks: number[] = [];
  const lock = new AutoLock(clock, { idleMs: 300, hiddenMs: 60 }, () => locks.push(clock.now));
  lock.start();
  return { clock, locks, lock };
}

test("it locks after so long without use, once", () => {
  const { clock, locks, lock } = started();
  clock.pass(299);
  lock.used();
  clock.pass(299);
  assert.deepEqual(locks, []);
  clock.pass(1);
  assert.deepEqual(locks, [clock.now]);
  clock.pass(1000);
  lock.used();
  assert.equal(locks.length, 1);
});

test("it locks while nobody sees it, and not if somebody comes back in time", () => {
  const { clock, locks, lock } = started();
  lock.hidden(true);
  clock.pass(59);
  lock.hidden(false);
  clock.pass(100);
  assert.deepEqual(locks, []);
  lock.hidden(true);
  clock.pass(60);
  assert.equal(locks.length, 1);
});

test("a device that slept rings no timer, and is met by a look at the clock", () => {
  for (const wake of ["used", "shown"]) {
    const { clock, locks, lock } = started();
    clock.now += 301;
    if (wake === "used") lock.used();
    else lock.hidden(false);
    assert.equal(locks.length, 1, wake);
  }
});

test("a clock that was set back locks", () => {
  const { clock, locks, lock } = started();
  clock.now -= 1;
  lock.used();
  assert.equal(locks.length, 1);
});

test("other times count at once, and a vault that is locked already is left alone", () => {
  const { clock, locks, lock } = started();
  clock.pass(100);
  lock.set({ idleMs: 150, hiddenMs: 60 });
  clock.pass(50);
  assert.equal(locks.length, 1);
  lock.start();
  lock.stop();
  lock.hidden(true);
  clock.pass(1000);
  assert.equal(locks.length, 1);
});
