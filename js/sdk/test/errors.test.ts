import assert from "node:assert/strict";
import { test } from "node:test";
import { codeTable, type Code } from "../src/codes.gen.ts";
import { asLinkError, closeError, LinkError } from "../src/errors.ts";
import { problemError } from "../src/rest.ts";

test("an error carries what its code means", () => {
  for (const [code, info] of Object.entries(codeTable)) {
    const error = new LinkError(code as Code);
    assert.equal(error.retryable, info.retryable, code);
    assert.equal(error.remedy, info.remedy, code);
    assert.equal(error.message, code);
  }
});

test("every close code has its code back", () => {
  for (const [code, info] of Object.entries(codeTable)) {
    if (info.close) assert.equal(closeError(info.close)?.code, code, String(info.close));
  }
});

test("close codes of the future are understood by their range", () => {
  assert.equal(closeError(4999)?.code, "link_closed");
  for (const close of [1000, 1001, 1006, 4499]) assert.equal(closeError(close), undefined, String(close));
});

test("a problem document becomes an error", () => {
  const error = problemError(410, { code: "link_expired", detail: "too late", remedy: "Do this.", instance: "r1", retryable: false });
  assert.deepEqual([error.code, error.detail, error.remedy, error.instance, error.retryable], ["link_expired", "too late", "Do this.", "r1", false]);
});

test("an answer that is no problem document is told by its status", () => {
  const cases: [number, unknown, Code, boolean][] = [
    [502, undefined, "unavailable", true],
    [503, "<html>", "unavailable", true],
    [504, null, "unavailable", true],
    [500, {}, "internal", true],
    [429, [], "rate_limited", true],
    [404, {}, "invalid_message", false],
    [409, { code: "of_the_future" }, "invalid_message", false],
    [503, { code: "of_the_future" }, "unavailable", true],
  ];
  for (const [status, body, code, retryable] of cases) {
    const error = problemError(status, body);
    assert.deepEqual([error.code, error.retryable], [code, retryable], `${status} ${JSON.stringify(body)}`);
  }
  assert.match(problemError(409, { code: "of_the_future" }).message, /of_the_future/);
});

test("whatever was thrown becomes a LinkError, and a LinkError stays one", () => {
  const own = new LinkError("user_rejected");
  assert.equal(asLinkError(own), own);
  const cause = new TypeError("broken");
  const wrapped = asLinkError(cause);
  assert.deepEqual([wrapped.code, wrapped.cause, wrapped.detail], ["internal", cause, "broken"]);
});
