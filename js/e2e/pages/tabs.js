// A tab of a site that shares its link with the others, and tells the test.
import { shareSite } from "../../sdk/src/tabs.ts";

const messages = [];
const states = [];
let shared;

globalThis.tests = {
  share: (options = {}) => {
    shared = shareSite({ ...options, onState: (state) => states.push(state.phase), onMessage: (text) => messages.push(text) });
  },
  state: () => ({ ...shared.state, reason: shared.state.reason?.code, leads: shared.leads }),
  phases: () => states,
  messages: () => messages,
  send: (text) => shared.send(text),
  request: (message) => shared.request(message),
  close: () => shared.close(),
  connect: () => shared.connect(),
  confirm: (code) => shared.confirm(code),
  leave: () => shared.leave(),
};
