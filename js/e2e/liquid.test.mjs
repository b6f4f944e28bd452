// The client of Liquid Auth from npm, as it is published, as website and as wallet
// against each other: they do not know that the server is another one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ClientPage, launchLocal, openSite, openWallet, transports } from "./liquid.mjs";
import { Server } from "./program.mjs";

let browser;
before(async () => (browser = await launchLocal()));
after(() => browser.close());

/** Both channels are open, and each hears the other. */
async function talk(site, wallet, round = "first") {
  const want = { label: "liquid", ordered: true, readyState: "open" };
  assert.deepEqual(await Promise.all([site.opened(), wallet.opened()]), [want, want]);
  const heard = await Promise.all([site.heard(0), wallet.heard(0)]).then((all) => all.map((texts) => texts.length));
  await site.say(`${round}, of the website`);
  await wallet.say(`${round}, of the wallet`);
  assert.equal((await site.heard(heard[0] + 1)).at(-1), `${round}, of the wallet`);
  assert.equal((await wallet.heard(heard[1] + 1)).at(-1), `${round}, of the website`);
}

/** Who is signed in in a page, by its session. */
async function signedIn(page) {
  const { status, user, session } = await page.session();
  assert.equal(status, 200);
  assert.equal(user?.wallet, session.wallet, "the session's wallet and its user's");
  return user?.wallet ?? null;
}

for (const [name, kind] of Object.entries(transports)) {
  test(`website and wallet, on ${name}`, async (t) => {
    const server = await Server.start(t);
    const site = await openSite(t, browser, server.origin, kind);
    const wallet = await openWallet(t, browser, server.origin);
    const { address } = wallet.account;
    assert.equal(await signedIn(site), null);

    const requestId = await site.request();
    await wallet.start(kind);
    await wallet.connected();
    const user = await wallet.attest(requestId);
    assert.equal(user.wallet, address);
    assert.equal(user.credentials.length, 1);
    assert.equal(user.credentials[0].device, "Pixel 8");
    await wallet.meet(requestId);
    await talk(site, wallet);
    const { credId } = user.credentials[0];
    assert.deepEqual(await site.link(), { credId, requestId, wallet: address });
    assert.deepEqual([await signedIn(site), await signedIn(wallet)], [address, address]);
    const want = kind?.[0] ?? "websocket";
    assert.deepEqual([await site.transport(want), await wallet.transport(want)], [want, want]);

    const again = await wallet.assert(credId);
    assert.equal(again.wallet, address);
    assert.equal(again.credentials[0].credId, credId);
    assert.ok(again.credentials[0].prevCounter > user.credentials[0].prevCounter, `the counter ${again.credentials[0].prevCounter} after ${user.credentials[0].prevCounter}`);
    await talk(site, wallet, "after an assertion");

    const second = await openSite(t, browser, server.origin, kind);
    const other = await second.request();
    const window = await openWallet(t, browser, server.origin, { account: wallet.account, context: wallet.context, passkeys: await wallet.passkeys() });
    await window.start(kind);
    assert.equal((await window.assertFor(credId, other)).wallet, address);
    await window.meet(other);
    await talk(second, window, "with the second website");
    assert.deepEqual(await second.link(), { credId, requestId: other, wallet: address });
    await talk(site, wallet, "with the first website still");

    assert.deepEqual(await site.logout(), { status: 200, at: `${server.origin}/` });
    assert.deepEqual([await signedIn(site), await signedIn(second), await signedIn(wallet)], [null, address, address]);
    assert.deepEqual(await wallet.logout(), { status: 200, at: `${server.origin}/` });
    assert.deepEqual([await signedIn(second), await signedIn(wallet)], [address, null]);
  });
}

test("a website that asks who is signed in while its client opens a WebSocket is the one that the wallet signs in", async (t) => {
  const server = await Server.start(t);
  const failed = [];
  for (let run = 0; run < 10; run++) {
    const site = await ClientPage.open(t, browser, server.origin);
    const wallet = await openWallet(t, browser, server.origin);
    try {
      await site.startAndLook(transports["WebSocket alone"]);
      const requestId = await site.request();
      await wallet.start();
      await wallet.attest(requestId);
      await wallet.meet(requestId);
      await talk(site, wallet);
      assert.equal(await signedIn(site), wallet.account.address);
    } catch (error) {
      failed.push(`run ${run}: ${error.message}`);
    } finally {
      await site.context.close();
      await wallet.context.close();
    }
  }
  assert.deepEqual(failed, []);
});

test("a wallet that was closed and opened again is still signed in, and comes to the website's next request", async (t) => {
  const server = await Server.start(t);
  const site = await openSite(t, browser, server.origin);
  const first = await openWallet(t, browser, server.origin);
  const { account, context } = first;
  const requestId = await site.request();
  await first.start();
  await first.connected();
  const { credentials: [{ credId }] } = await first.attest(requestId);
  await first.meet(requestId);
  await talk(site, first);
  const passkeys = await first.passkeys();
  await first.page.close();

  const again = await openWallet(t, browser, server.origin, { account, context, passkeys });
  assert.equal(await signedIn(again), account.address);
  await again.start();
  assert.equal((await again.assert(credId)).wallet, account.address);
  await site.start();
  const next = await site.request();
  assert.equal((await again.assertFor(credId, next)).credentials[0].credId, credId);
  await again.meet(next);
  await talk(site, again, "opened again");
  assert.deepEqual(await site.link(), { credId, requestId: next, wallet: account.address });
  assert.deepEqual([await signedIn(site), await signedIn(again)], [account.address, account.address]);
});

// The client opens its socket in its constructor, and the wallet asks for a
// challenge before it has the socket's cookie: it gets two, and keeps one.
describe("a wallet that signs in right after it constructed its client", { concurrency: 3 }, () => {
  for (const [name, kind] of Object.entries(transports)) {
    test(`on ${name}`, async (t) => {
      const server = await Server.start(t);
      const failed = [];
      let twice = 0; // so often the wallet's first two requests went without a cookie
      for (let run = 0; run < 10; run++) {
        const site = await openSite(t, browser, server.origin, kind);
        const wallet = await openWallet(t, browser, server.origin);
        wallet.page.on("response", async (response) => {
          if (response.url().endsWith("/attestation/request") && (await response.headerValue("set-cookie"))) twice++;
        });
        try {
          const requestId = await site.request();
          await wallet.startAndAttest(kind, requestId);
          await wallet.meet(requestId);
          await talk(site, wallet);
          assert.deepEqual([await signedIn(site), await signedIn(wallet)], [wallet.account.address, wallet.account.address]);
        } catch (error) {
          failed.push(`run ${run}: ${error.message}`);
        } finally {
          await site.context.close();
          await wallet.context.close();
        }
      }
      t.diagnostic(`two cookies in ${twice} of 10 runs`);
      assert.deepEqual(failed, []);
    });
  }
});
