// A site that asks over a plain link, and answers, and meets its wallet again whenever
// that is lost.
import { connectSite, resumeSite } from "../../sdk/src/index.ts";
import { Asker, refusalOf, Responder } from "../../sdk/src/requests.ts";

const texts = [];
const asker = new Asker();
const responder = new Responder({ name: () => document.title || "a site" });
const options = { onEvent: (event) => asker.hear(event) || responder.hear(event) || (event.type === "message" && texts.push(event.data)) };

async function hold(link) {
  for (;;) {
    asker.use(link);
    responder.use(link);
    const { code } = await link.closed;
    if (code !== "peer_lost" && code !== "ice_failed") return;
    while (!(link = await resumeSite(options).catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

globalThis.tests = {
  async connect() {
    const link = await connectSite(options);
    void hold(link);
    return link.uri;
  },
  /** Resolves with the result, or with the code and the number of the error. */
  ask: (question, ms = 60_000) => asker.ask(question, { signal: AbortSignal.timeout(ms) }).then((result) => ({ result }), (error) => ({ code: error.code, number: refusalOf(error)?.code })),
  notify: (question) => asker.notify(question),
  texts: () => texts,
};
