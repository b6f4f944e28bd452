import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyEd25519 } from "../src/chain/ed25519.ts";
import { fromHex } from "./vectors.ts";

// Every encoding of a point of small order: the canonical ones, those with a
// sign that zero does not have, and those that are not reduced.
const smallOrder = [
  ["00".repeat(32)],
  [`01${"00".repeat(31)}`],
  [`ec${"ff".repeat(30)}7f`],
  [`ed${"ff".repeat(30)}7f`],
  [`ee${"ff".repeat(30)}7f`],
  ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
  ["c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
].flatMap(([key]) => [key!, key!.slice(0, 62) + (Number.parseInt(key!.slice(62), 16) | 0x80).toString(16)]);

test("a key of small order signs nothing", () => {
  assert.equal(new Set(smallOrder).size, 14);
  for (const key of smallOrder) {
    // With such a key one of these points for R, and zero for S, would do.
    for (const r of smallOrder) {
      for (let text = 0; text < 16; text++) {
        assert.equal(verifyEd25519(fromHex(key), new Uint8Array([text]), fromHex(r + "00".repeat(32))), false, `${key}, ${r}, ${text}`);
      }
    }
  }
});
