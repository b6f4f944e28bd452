import assert from "node:assert/strict";
import { test } from "node:test";
import { arrows, LinkError, type LocalityReport } from "@liaison/client";
import { deviceName } from "./account.ts";
import { curve } from "./chart.ts";
import { sessionName } from "./sessions.ts";
import { arrowWords, duration, nearness, opening, passkeySentence, roundTrip, whoSends } from "./words.ts";

test("durations read as people write them", () => {
  const cases: [number, string][] = [
    [0, "0 ms"], [85.4, "85 ms"], [999.4, "999 ms"], [999.6, "1.00 s"], [1240, "1.24 s"], [9990, "9.99 s"],
    [9999, "10.0 s"], [59_900, "59.9 s"], [59_960, "1:00"], [125_000, "2:05"],
  ];
  for (const [ms, text] of cases) assert.equal(duration(ms), text, String(ms));
});

test("how long the channel took to open is said from what went before", () => {
  assert.equal(opening(1240, false), "1.24 s after the wallet said yes");
  assert.equal(opening(85, true), "85 ms after the wallet came back");
});

test("a round trip below the browser's resolution is not called zero", () => {
  assert.deepEqual([undefined, 0, 0.4, 3.2].map(roundTrip), ["–", "under 1 ms", "under 1 ms", "3 ms"]);
});

test("where the wallet is reads as people say it", () => {
  const near: LocalityReport = { level: "report", local: true, path: "host", rttMs: 3.2, network: "unknown" };
  const cases: [Partial<LocalityReport>, string][] = [
    [{}, "same network, 3 ms"],
    [{ level: "require" }, "same network, 3 ms, required"],
    [{ rttMs: 0.3 }, "same network, under 1 ms"],
    [{ rttMs: 80 }, "not known, 80 ms"],
    [{ path: "srflx", network: "same-address" }, "same network, says the server, 3 ms"],
    [{ path: "relay", network: "different", rttMs: 140 }, "another network, 140 ms"],
    [{ path: undefined, rttMs: undefined }, "not known"],
  ];
  for (const [some, text] of cases) assert.equal(nearness({ ...near, ...some }), text);
});

test("every arrow has its words", () => {
  for (const arrow of arrows) assert.ok(arrowWords[arrow].what, String(arrow));
  assert.deepEqual([1, 7, 12].map((arrow) => whoSends(arrowWords[arrow as 1])), ["page → server", "server", "page ⇄ wallet"]);
});

test("the curve ends at the right, and small values stay small", () => {
  assert.equal(curve([]), "");
  assert.equal(curve([20]), "M300.0 2.0");
  assert.equal(curve([0, 10]), "M266.7 42.0L300.0 22.0");
  assert.equal(curve([5, 200]), "M266.7 41.0L300.0 2.0");
  assert.match(curve(Array.from({ length: 60 }, () => 5)), /^M0\.0 /);
});

test("a passkey that did not work has a sentence that says what to do next", () => {
  assert.match(passkeySentence(new LinkError("step_up_required")), /Sign in with a passkey, or link/);
  assert.equal(passkeySentence(new LinkError("overloaded")), "That did not work. Try again in a few seconds.");
});

test("a session is called by what it began on, or by what it is", () => {
  assert.equal(sessionName({ role: "site", label: "Firefox on Android" }), "Website, Firefox on Android");
  assert.deepEqual([sessionName({ role: "wallet" }), sessionName({})], ["Wallet", "Website or wallet"]);
});

test("a device is called what its owner would call it", () => {
  assert.equal(deviceName("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140"), "Android");
  assert.equal(deviceName("Mozilla/5.0 (X11; Linux x86_64) Chrome/140"), "Linux");
  assert.equal(deviceName("something else"), "Passkey");
});
