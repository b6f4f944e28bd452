// Node has no IndexedDB, which is as in a browser that keeps nothing. What is
// kept is tested in a real browser, e2e/vectors.test.mjs.
import { test } from "node:test";
import { checkResumptions } from "./kept.ts";

test("without storage, resumptions are kept in memory", () => checkResumptions());
