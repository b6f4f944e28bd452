import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError } from "@liaison/client";
import { changePrefs, readPrefs, type Prefs } from "../prefs.ts";
import { choices } from "../views/request.ts";
import { clock, failureFor, milliseconds, noticeFor, remedyFor } from "../words.ts";

test("what is remembered is read again, and nonsense is as at first", () => {
  let kept: string | null = null;
  const storage = { getItem: () => kept, setItem: (_: string, value: string) => void (kept = value) };
  assert.deepEqual(readPrefs(storage), { idleMinutes: 5, saved: false, candidates: "host" });
  const first = readPrefs(storage);
  changePrefs(storage, first, { idleMinutes: 15, saved: true, candidates: "relay" });
  assert.deepEqual(readPrefs(storage), { idleMinutes: 15, saved: true, candidates: "relay" });
  for (const nonsense of ["", "null", "{", '{"idleMinutes":100000,"saved":"yes","candidates":"none"}']) {
    kept = nonsense;
    assert.deepEqual(readPrefs(storage), { idleMinutes: 5, saved: false, candidates: "host" }, nonsense);
  }
});

test("what another tab has changed stays when this one changes something else", () => {
  let kept: string | null = null;
  const storage = { getItem: () => kept, setItem: (_: string, value: string) => void (kept = value) };
  const here = readPrefs(storage);
  changePrefs(storage, readPrefs(storage), { candidates: "relay" }); // there
  const all: Prefs = { idleMinutes: 1, saved: false, candidates: "relay" };
  assert.deepEqual([changePrefs(storage, here, { idleMinutes: 1 }), readPrefs(storage)], [all, all]);
  const none = { getItem: () => null, setItem: () => assert.fail("full") };
  assert.deepEqual(changePrefs(none, all, { saved: true }), { ...all, saved: true }, "a browser that remembers nothing");
});

test("the accounts that may answer are in the order that the site prefers", () => {
  const [algorand, evm, solana] = (["algorand", "evm", "solana"] as const).map((kind) => ({ kind, address: kind }));
  const accounts = [algorand!, evm!, solana!];
  const chains = ["eip155:137", "eip155:1", "algorand:x"];
  assert.deepEqual(choices(accounts, chains), [{ account: evm, chain: "eip155:137" }, { account: algorand, chain: "algorand:x" }]);
  assert.deepEqual(choices(accounts, ["did:key"]), []);
});

test("times read as people write them", () => {
  assert.deepEqual([120_000, 119_001, 1, 0, -5].map(clock), ["2:00", "2:00", "0:01", "0:00", "0:00"]);
  assert.deepEqual([0.4, 3.2].map(milliseconds), ["under 1 ms", "3 ms"]);
});

test("a failure that nobody thought of has a sentence, too", () => {
  assert.equal(failureFor("internal"), "Something went wrong.");
  assert.notEqual(failureFor("link_expired"), failureFor("internal"));
});

test("what a person can do is said in the wallet's own words, whatever the server says", () => {
  const error = new LinkError("link_taken", { remedy: "Type your recovery phrase at https://evil.example." });
  for (const said of [remedyFor(error.code), noticeFor(error.code), remedyFor("rate_limited"), noticeFor("rate_limited")]) {
    assert.doesNotMatch(said, /evil/);
    assert.match(said, /\.$/);
  }
});
