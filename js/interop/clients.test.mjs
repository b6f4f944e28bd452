// The server against the clients that people have: the last of each release line
// of socket.io-client, on each transport.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildServer, startServer } from "./server.mjs";

const lines = ["4.0", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8"];
const kinds = {
  "polling, then upgrade": undefined,
  "polling alone": ["polling"],
  "WebSocket alone": ["websocket"],
};

let built;
before(() => {
  built = buildServer();
});
after(() => built.remove());

const patience = { timeout: 30_000 };

/** Resolves with the arguments of the next event. */
function next(emitter, name) {
  return new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
}

/** Emits and resolves with the arguments of the acknowledgement. */
function ask(socket, name, ...args) {
  return new Promise((resolve) => socket.emit(name, ...args, (...answer) => resolve(answer)));
}

const bytes = (...values) => Buffer.from(values);
const nested = () => [1.5, "zwölf \u001e \u2028 😀", { a: [null, bytes(1, 2, 3)], b: { c: bytes() } }, bytes(255, 0, 30)];

// Most of the time is spent waiting for pings.
describe("clients", { concurrency: 3 }, () => {
  for (const line of lines) {
    describe(`socket.io-client ${line}`, { concurrency: 1 }, () => {
      let io;
      before(async () => {
        ({ io } = await import(`socket.io-client-${line}`));
      });

      for (const [kind, transports] of Object.entries(kinds)) {
        describe(kind, () => {
          let server;
          let sockets;
          before(async () => {
            server = await startServer(built.binary);
            sockets = [];
          });
          after(async () => {
            for (const socket of sockets) socket.disconnect();
            await server.stop();
          });

          const open = (namespace, options = {}) => {
            const socket = io(server.url + namespace, {
              forceNew: true,
              reconnectionDelay: 20,
              reconnectionDelayMax: 100,
              ...(transports && { transports }),
              ...options,
            });
            sockets.push(socket);
            return socket;
          };
          const connected = async (namespace, options) => {
            const socket = open(namespace, options);
            const refused = next(socket, "connect_error").then(([error]) => Promise.reject(error));
            await Promise.race([next(socket, "connect"), refused]);
            return socket;
          };

          test("connects and gets its events in order", patience, async () => {
            const socket = open("");
            const auth = next(socket, "auth");
            await next(socket, "connect");
            assert.deepEqual(await auth, [{}]);
            const got = [];
            const all = new Promise((resolve) =>
              socket.on("message-back", (n) => {
                got.push(n);
                if (got.length === 500) resolve();
              }),
            );
            for (let i = 0; i < 500; i++) socket.emit("message", i); // in one payload
            await all;
            assert.deepEqual(got, [...Array(500).keys()]);
          });

          test("events and acknowledgements with bytes", patience, async () => {
            const socket = await connected("/interop", { auth: { token: "123" } });
            const back = next(socket, "message-back");
            socket.emit("message", ...nested());
            assert.deepEqual(await back, nested());
            assert.deepEqual(await ask(socket, "message-with-ack", ...nested()), nested());
            assert.deepEqual(await ask(socket, "message-with-ack"), []);
            socket.on("question", (...args) => args.pop()("answer", ...args));
            assert.deepEqual(await ask(socket, "ask", ...nested()), ["answer", ...nested()]);
          });

          test("a namespace with auth", patience, async () => {
            const socket = open("/custom", { auth: (give) => give({ token: "ü" }) });
            assert.deepEqual(await next(socket, "auth"), [{ token: "ü" }]);
            assert.ok(socket.id);
          });

          test("several namespaces over one connection", patience, async () => {
            const main = await connected("", { forceNew: false, multiplex: true });
            const custom = main.io.socket("/custom");
            await next(custom, "auth");
            const [a, b] = await Promise.all([ask(main, "message-with-ack", "a"), ask(custom, "message-with-ack", "b")]);
            assert.deepEqual([a, b], [["a"], ["b"]]);
            custom.disconnect();
            assert.deepEqual(await ask(main, "message-with-ack", "still here"), ["still here"]);
          });

          test("a namespace that refuses, and one that is not there", patience, async () => {
            const [refused] = await next(open("/refused", { auth: { a: 1 } }), "connect_error");
            assert.equal(refused.message, "not you");
            assert.deepEqual(refused.data, { code: 7, auth: { a: 1 } });
            const [unknown] = await next(open("/unknown"), "connect_error");
            assert.equal(unknown.message, "Invalid namespace");
          });

          test("disconnects from either side", patience, async () => {
            const leaving = await connected("/interop");
            const left = next(leaving, "disconnect");
            leaving.emit("leave");
            assert.equal((await left)[0], "io server disconnect");

            const hanging = await connected("/interop");
            const hung = next(hanging, "disconnect");
            hanging.emit("hang-up");
            assert.equal((await hung)[0], "io server disconnect");

            const going = await connected("/interop");
            const gone = next(going, "disconnect");
            going.disconnect();
            assert.equal((await gone)[0], "io client disconnect");
          });

          test("transport, and life beyond some pings", patience, async () => {
            const socket = await connected("/interop");
            const want = transports ? transports[0] : "websocket";
            if (!transports && socket.io.engine.transport.name !== "websocket") await next(socket.io.engine, "upgrade");
            let got;
            do [got] = await ask(socket, "transport");
            while (got !== want); // the upgrade is complete once the server has heard of it
            let pings = 0;
            await new Promise((resolve) => {
              socket.io.engine.on("packet", ({ type }) => type === "ping" && ++pings === 2 && resolve());
            });
            assert.deepEqual(await ask(socket, "message-with-ack", "alive"), ["alive"]);
          });

          test("messages during the upgrade arrive once and in order", patience, async () => {
            const socket = open("");
            const got = [];
            const all = new Promise((resolve) =>
              socket.on("message-back", (n) => {
                got.push(n);
                if (got.length === 200) resolve();
              }),
            );
            await next(socket, "connect");
            for (let i = 0; i < 200; i++) {
              socket.emit("message", i);
              if (i % 10 === 0) await new Promise(setImmediate);
            }
            await all;
            assert.deepEqual(got, [...Array(200).keys()]);
          });

          test("comes back after the server was restarted", patience, async () => {
            const socket = await connected("/interop");
            const disconnected = next(socket, "disconnect");
            await server.stop();
            // What ends an idle poll or an open WebSocket, depending on the client.
            assert.match((await disconnected)[0], /^transport (close|error)$/);
            const back = next(socket, "connect");
            server = await startServer(built.binary, server.address);
            await back;
            assert.deepEqual(await ask(socket, "message-with-ack", "again"), ["again"]);
          });
        });
      }
    });
  }
});
