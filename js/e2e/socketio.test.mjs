// socket.io-client in a real browser, from a page of another origin, against the
// server of js/interop, whose tests say more of what happens in Node.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildServer, startServer } from "../interop/server.mjs";
import { launchLocal, ClientPage, otherSite, pages, transports } from "./liquid.mjs";

let browser;
let built;
before(async () => {
  built = buildServer();
  browser = await launchLocal();
});
after(async () => {
  await browser?.close();
  built.remove();
});

test("connects, and gets events, acknowledgements and bytes back, on each transport", async (t) => {
  const server = await startServer(built.binary);
  t.after(() => server.stop());
  const { origin } = await otherSite(t);
  const page = await ClientPage.open(t, browser, origin, { entry: pages.socketIO });
  for (const line of ["4.0", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8"]) {
    for (const [name, kind] of Object.entries(transports)) {
      await t.test(`socket.io-client ${line} on ${name}`, async () => {
        assert.deepEqual(await page.try(line, server.url, kind), {
          auth: [{}],
          echo: ["zwölf \u2028 😀", { a: [1.5, null] }],
          ack: ["a", 2],
          binary: ["b", { nested: [{ bytes: [0, 255, 30] }] }, { bytes: [] }],
          after: [{ bytes: [7] }],
          transport: kind?.[0] ?? "websocket",
        });
      });
    }
  }
});
