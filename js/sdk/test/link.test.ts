import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLink } from "../src/link.ts";
import { refuses } from "./vectors.ts";

const id = "4f1c2b7e-9a53-4d0e-8c61-0b5a7d3e2f19";

test("an address that a browser would write differently is refused: it leads elsewhere than it says", async () => {
  for (const host of ["0x7f.1", "127.1", "2130706433", "1.2.3", "[::ffff:102:304]", "[::ffff:1.2.3.4]", "a..example.com", ".example.com", "-a.example.com", "xn--a.example.com"]) {
    await refuses("invalid_link", () => parseLink(`liquid://${host}/?requestId=${id}`));
    await refuses("invalid_link", () => parseLink(`https://${host}/l/?requestId=${id}`));
  }
});

test("TLS is left out on this very machine alone", () => {
  assert.equal(parseLink(`liquid://127.8.9.10:8080/?requestId=${id}`).server, "http://127.8.9.10:8080");
  assert.equal(parseLink(`http://[::1]/l/?requestId=${id}`).server, "http://[::1]");
  assert.equal(parseLink(`liquid://127.0.0.1.example.com/?requestId=${id}`).server, "https://127.0.0.1.example.com");
});
