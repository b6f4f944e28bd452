import assert from "node:assert/strict";
import { test } from "node:test";
import { arrows, type Code, type LocalityReport } from "@liaison/client";
import { outline } from "./qr.ts";
import { arrowWords, clock, duration, nearness, roundTrip, sentenceFor, triesLeft } from "./words.ts";

test("durations read as people write them", () => {
  const cases: [number, string][] = [
    [0, "0 ms"], [85.4, "85 ms"], [999.4, "999 ms"], [999.6, "1.00 s"], [1240, "1.24 s"], [9990, "9.99 s"],
    [9999, "10.0 s"], [59_900, "59.9 s"], [59_960, "1:00"], [125_000, "2:05"],
  ];
  for (const [ms, text] of cases) assert.equal(duration(ms), text, String(ms));
});

test("the time left is rounded up and never negative", () => {
  const cases: [number, string][] = [[120_000, "2:00"], [119_001, "2:00"], [118_999, "1:59"], [1, "0:01"], [0, "0:00"], [-5, "0:00"]];
  for (const [ms, text] of cases) assert.equal(clock(ms), text, String(ms));
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

test("tries are counted as people do", () => {
  assert.deepEqual([2, 1].map(triesLeft), ["2 tries are left.", "One try is left."]);
});

test("every way in which a link is refused has a sentence of its own", () => {
  const codes: Code[] = ["handshake_failed", "unsealed_refused", "server_mismatch", "certificate_mismatch", "code_mismatch", "not_local", "resumption_unknown", "invalid_peer", "peer_lost", "timed_out", "unsupported_version"];
  for (const code of codes) assert.notEqual(sentenceFor(code), sentenceFor("internal"), code);
});

test("every arrow has its words, every code a sentence", () => {
  for (const arrow of arrows) assert.ok(arrowWords[arrow][1], String(arrow));
  assert.equal(sentenceFor("internal"), "Something went wrong.");
  assert.equal(sentenceFor("link_expired"), "This code has expired.");
});

test("runs of dark modules become one piece each, inside the quiet zone", () => {
  assert.equal(outline([[true, true, false, true], [false, false, false, false]]), "M4 4h2v1h-2zM7 4h1v1h-1z");
});
