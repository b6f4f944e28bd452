import assert from "node:assert/strict";
import { test } from "node:test";
import { readVectors } from "./files.ts";
import { runVectors } from "./vectors.ts";

test("Node agrees with every vector", async () => {
  const { ran, failures } = await runVectors(readVectors());
  assert.deepEqual(failures, []);
  for (const [kind, count] of Object.entries(ran)) assert.ok(count > 0, `no ${kind}`);
});
