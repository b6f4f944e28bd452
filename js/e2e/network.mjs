// A network between two pages that the test can lose and change: each candidate that a
// page is told of leads to a socket of the test's, which passes packets on or does not.
import { createSocket } from "node:dgram";
import { EventEmitter, once } from "node:events";
import { within } from "./program.mjs";

export class Network {
  #news = new EventEmitter();
  #sockets = new Set();
  #ports = new Set();
  #passing = { on: true };
  #closed = false;
  /** From where packets came, as "address:port". */
  senders = new Set();

  /** Puts itself between the pages of a context and everybody that they connect to. */
  async between(...contexts) {
    for (const context of contexts) {
      await context.exposeBinding("throughTheTest", (_, address, port) => this.#lead(address, port));
      await context.addInitScript(() => {
        const add = RTCPeerConnection.prototype.addIceCandidate;
        RTCPeerConnection.prototype.addIceCandidate = async function (init) {
          const fields = (init?.candidate ?? "").split(" ");
          if (fields.length < 6) return add.call(this, init);
          // One path is enough, and every other would go past the test.
          if (fields[2].toLowerCase() !== "udp" || !/^\d+\.\d+\.\d+\.\d+$/.test(fields[4])) return;
          fields[5] = await throughTheTest(fields[4], Number(fields[5]));
          fields[4] = "127.0.0.1";
          return add.call(this, { ...init, candidate: fields.join(" ") });
        };
      });
    }
  }

  /** Loses every packet from now on, on all paths that there are. Returns how to mend
   * them; paths that are made later hold in any case. */
  lose() {
    const lost = this.#passing;
    lost.on = false;
    this.#passing = { on: true };
    return () => (lost.on = true);
  }

  /** Resolves once a packet came from a sender of a kind, or of any. */
  async heard(kind = () => true) {
    const seen = async () => {
      while (![...this.senders].some(kind)) await once(this.#news, "sender");
    };
    await within(seen(), () => `a packet that is not from ${[...this.senders]}`);
  }

  /** Whether a port is one of its own. */
  has(port) {
    return this.#ports.has(port);
  }

  /** Ends it. The pages may still be there, and send. */
  close() {
    this.#closed = true;
    for (const socket of this.#sockets) socket.close();
  }

  /** Returns the port of a socket that leads to an address. */
  async #lead(address, port) {
    if (this.#closed) return String(port);
    const passing = this.#passing;
    const front = await this.#socket();
    const backs = new Map(); // who sends, and the socket that speaks for him
    front.on("message", async (packet, from) => {
      const key = `${from.address}:${from.port}`;
      this.senders.add(key);
      this.#news.emit("sender");
      if (!passing.on || this.#closed) return;
      if (!backs.has(key)) {
        backs.set(key, this.#socket().then((back) => back.on("message", (answer) => passing.on && front.send(answer, from.port, from.address))));
      }
      const back = await backs.get(key);
      if (!this.#closed) back.send(packet, port, address);
    });
    return String(front.address().port);
  }

  async #socket() {
    const socket = createSocket("udp4");
    this.#sockets.add(socket);
    socket.on("error", () => undefined); // an address that cannot be reached from here
    socket.bind(0, "0.0.0.0");
    await once(socket, "listening");
    this.#ports.add(socket.address().port);
    return socket;
  }
}
