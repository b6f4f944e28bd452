import assert from "node:assert/strict";
import { test } from "node:test";
import { addressFor, readCode, takeLink } from "../scan/code.ts";

const plain = "liquid://auth.example.com/?requestId=4f1c2b7e-9a53-4d0e-8c61-0b5a7d3e2f19";
const link = `${plain}#1.AQAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH6ChoqOkpaanqKmqq6ytrq8`;

test("a code is a link, or it is told why it is none", () => {
  assert.deepEqual(readCode(`  ${link}\n`), { link });
  assert.deepEqual(readCode(plain), { problem: "unsealed" });
  assert.deepEqual(readCode(`${plain}#2.abc`), { problem: "newer" });
  for (const text of ["", "https://example.com/menu", "WIFI:S:guest;;", `${link}x`]) assert.deepEqual(readCode(text), { problem: "other" });
});

/** A tab at an address, and what its history holds afterwards. */
function at(address: string) {
  const { hash, pathname, search } = new URL(address);
  const history: unknown[] = [];
  return { where: { hash, pathname, search }, history, state: { replaceState: (...all: unknown[]) => void history.push(all) } };
}

test("a link that the page was opened with is taken out of the address bar", () => {
  const { where, history, state } = at(addressFor("https://example.com/wallet/", link));
  assert.equal(takeLink(where, state), link);
  assert.deepEqual(history, [[null, "", "/wallet/"]]);
});

test("whatever else is in the fragment goes, too, and nothing where there is none", () => {
  for (const fragment of ["#1.secret", `#${link}`, "#link", "#x=1"]) {
    const { where, history, state } = at(`https://example.com/wallet/${fragment}`);
    assert.equal(takeLink(where, state), undefined);
    assert.equal(history.length, 1, fragment);
  }
  const broken = at("https://example.com/wallet/#link=%zz");
  assert.equal(takeLink(broken.where, broken.state), "%zz");
  assert.equal(broken.history.length, 1);
  const none = at("https://example.com/wallet/");
  assert.equal(takeLink(none.where, none.state), undefined);
  assert.deepEqual(none.history, []);
});
