// What one application asks of the other over the channel, beside the texts for people:
// JSON-RPC 2.0, spec/protocol.md §8.1. Each side can ask, and each can answer.
//
//	const asker = new Asker();
//	const responder = new Responder({ echo: (params) => params });
//	const link = await connectSite({ onEvent: (event) => asker.hear(event) || responder.hear(event) || show(event) });
//	asker.use(link);
//	responder.use(link);
//	const result = await asker.ask({ method: "echo", params: ["hello"] });

export { Asker } from "./asker.ts";
export { parseText, type Answer, type AnswerError, type Malformed, type Message, type Parsed, type Question, type Request } from "./jsonrpc.ts";
export type { Channel } from "./sender.ts";
export { refusal, refusalOf, resultOf } from "./refusal.ts";
export { Responder, type AnswerMemory, type Asked, type Handler, type ResponderOptions } from "./responder.ts";
