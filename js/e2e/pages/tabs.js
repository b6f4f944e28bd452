// A tab of a site that shares its link with the others, and tells the test.
import { shareSite } from "../../sdk/src/tabs.ts";

const messages = [];
const states = [];
const events = [];
const waiting = new Set();
let shared;

globalThis.tests = {
  share: (options = {}) => {
    shared = shareSite({
      ...options,
      onState: (state) => states.push(state.phase),
      onMessage: (text) => messages.push(text),
      onEvent: (event) => {
        events.push(event);
        for (const look of waiting) look();
      },
    });
  },
  state: () => ({ ...shared.state, reason: shared.state.reason?.code, remedy: shared.state.reason?.remedy, leads: shared.leads }),
  phases: () => states,
  messages: () => messages,
  events: () => events.map(({ type, arrow }) => ({ type, arrow })),
  send: (text) => shared.send(text),
  request: (message) => shared.request(message),
  close: () => shared.close(),
  connect: () => shared.connect(),
  confirm: (code) => shared.confirm(code),
  /** Waits for the event of a kind after so many others. */
  event: (type, after) =>
    new Promise((resolve) => {
      const look = () => {
        const found = events.filter((event) => event.type === type)[after];
        if (!found) return;
        waiting.delete(look);
        resolve({ at: found.at, broken: found.broken });
      };
      waiting.add(look);
      look();
    }),
  leave: () => shared.leave(),
};
