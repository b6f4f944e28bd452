// A page that uses socket.io-client, of every release line.
import { io as io40 } from "socket.io-client-4.0";
import { io as io41 } from "socket.io-client-4.1";
import { io as io42 } from "socket.io-client-4.2";
import { io as io43 } from "socket.io-client-4.3";
import { io as io44 } from "socket.io-client-4.4";
import { io as io45 } from "socket.io-client-4.5";
import { io as io46 } from "socket.io-client-4.6";
import { io as io47 } from "socket.io-client-4.7";
import { io as io48 } from "socket.io-client-4.8";

const lines = { "4.0": io40, 4.1: io41, 4.2: io42, 4.3: io43, 4.4: io44, 4.5: io45, 4.6: io46, 4.7: io47, 4.8: io48 };

/** An answer, with bytes as a list under "bytes". */
function plain(value) {
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}

globalThis.tests = {
  /** Connects, and returns what the server sent back. */
  async try(line, url, transports) {
    const socket = lines[line](url, { forceNew: true, ...(transports && { transports }) });
    const next = (name) => new Promise((resolve) => socket.once(name, (...args) => resolve(args)));
    const refused = new Promise((_, reject) => socket.once("connect_error", reject));
    const auth = next("auth");
    await Promise.race([next("connect"), refused]);
    const echo = next("message-back");
    socket.emit("message", "zwölf \u2028 😀", { a: [1.5, null] });
    const acknowledge = (...args) => new Promise((resolve) => socket.emit("message-with-ack", ...args, (...answer) => resolve(answer)));
    const result = {
      auth: await auth,
      echo: await echo,
      ack: await acknowledge("a", 2),
      binary: plain(await acknowledge("b", { nested: [Uint8Array.of(0, 255, 30).buffer] }, new ArrayBuffer(0))),
    };
    if (!transports && socket.io.engine.transport.name !== "websocket") {
      await new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
    }
    result.after = plain(await acknowledge(Uint8Array.of(7).buffer));
    result.transport = socket.io.engine.transport.name;
    socket.disconnect();
    return result;
  },
};
