import assert from "node:assert/strict";
import { test } from "node:test";
import { selectedPath } from "../src/path.ts";

type Candidate = [type: string, address?: string];

function stats(local: Candidate, remote: Candidate, rtt?: number): [string, unknown][] {
  return [
    ["other", { type: "candidate-pair", localCandidateId: "x", remoteCandidateId: "y", state: "succeeded" }],
    ["t", { type: "transport", selectedCandidatePairId: "p" }],
    ["p", { type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", currentRoundTripTime: rtt }],
    ["l", { type: "local-candidate", candidateType: local[0], address: local[1] }],
    ["r", { type: "remote-candidate", candidateType: remote[0], address: remote[1] }],
  ];
}

test("the kind of a path is that of its farther end", () => {
  const cases: [Candidate, Candidate, string][] = [
    [["host"], ["host"], "host"],
    [["host"], ["srflx"], "srflx"],
    [["srflx"], ["host"], "srflx"],
    [["relay"], ["host"], "relay"],
    [["srflx"], ["relay"], "relay"],
    [["host"], ["prflx"], "srflx"],
    [["host"], ["prflx", ""], "srflx"],
    [["host"], ["prflx", "printer.local"], "srflx"],
    [["prflx", ""], ["host"], "srflx"],
    [["prflx", ""], ["host", "127.0.0.1"], "host"],
    [["prflx", ""], ["host", "fe80::1"], "host"],
    [["prflx", ""], ["host", "203.0.113.9"], "srflx"],
    [["prflx", ""], ["host", "a1b2.local"], "srflx"],
    [["prflx", ""], ["prflx", "192.168.7.9"], "srflx"],
    [["prflx", ""], ["relay", "192.168.7.9"], "relay"],
    [["prflx", "203.0.113.9"], ["host", "192.168.7.9"], "srflx"],
    [["host"], ["prflx", "127.0.0.1"], "host"],
    [["host"], ["prflx", "192.168.7.9"], "host"],
    [["host"], ["prflx", "172.16.0.1"], "host"],
    [["host"], ["prflx", "172.32.0.1"], "srflx"],
    [["host"], ["prflx", "fe80::1"], "host"],
    [["host"], ["prflx", "fd12::1"], "host"],
    [["host"], ["prflx", "::1"], "host"],
    [["host"], ["prflx", "2001:db8::1"], "srflx"],
    [["host"], ["prflx", "203.0.113.9"], "srflx"],
  ];
  for (const [local, remote, kind] of cases) assert.equal(selectedPath(stats(local, remote))?.kind, kind, `${local} – ${remote}`);
});

test("the round-trip time is in milliseconds, and absent until it was measured", () => {
  assert.equal(selectedPath(stats(["host"], ["host"], 0.004))?.rttMs, 4);
  assert.equal(selectedPath(stats(["host"], ["host"]))?.rttMs, undefined);
});

test("a browser without transport statistics marks the pair", () => {
  const [, , pair, ...candidates] = stats(["host"], ["relay"]);
  const marked: [string, unknown] = ["p", { ...(pair![1] as object), nominated: true, state: "succeeded" }];
  assert.equal(selectedPath([marked, ...candidates])?.kind, "relay");
});

test("there is no path before one was selected", () => {
  assert.equal(selectedPath([["t", { type: "transport" }]]), undefined);
  assert.equal(selectedPath([]), undefined);
});
