import assert from "node:assert/strict";
import { test } from "node:test";
import { arrows, Sequence, type Arrow } from "../src/sequence.ts";

test("arrows are reported once and in order, whatever the order they are seen in", () => {
  const reported: Arrow[] = [];
  const sequence = new Sequence((arrow) => reported.push(arrow));
  sequence.saw(1, 2, 13);
  assert.deepEqual(reported, [1, 2], "an offer before the scan waits");
  sequence.saw(3, 3, 4, 5, 6, 7, 10, 9);
  assert.deepEqual(reported, [1, 2, 3, 4, 5, 6, 7], "what follows arrow 8 waits for it");
  sequence.saw(8);
  sequence.saw(17, 16, 15, 14, 12);
  assert.deepEqual(reported, arrows);
});
