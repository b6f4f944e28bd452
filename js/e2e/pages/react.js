// A site of one React component in strict mode, which shows what the hook says as
// attributes. What the test asks of it stands in the address: ?begin=connect.
import { createElement as h, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useLiaison } from "../../sdk/src/react.ts";

const query = new URLSearchParams(location.search);
const options = { begin: query.get("begin") ?? undefined, confirm: query.get("confirm") ?? "none" };
const seen = (globalThis.seen = []);

function Link() {
  const [texts, setTexts] = useState([]);
  // It closes over the texts of its render: an old one would lose some.
  const link = useLiaison({ ...options, onMessage: (text) => setTexts([...texts, text]) });
  globalThis.link = link;
  const { phase, uri, resuming, account, assurance, path, left, error } = link;
  if (seen.at(-1) !== phase) seen.push(phase);
  const data = { "data-phase": phase, "data-uri": uri, "data-resuming": resuming, "data-account": account, "data-assurance": assurance, "data-path": path?.kind, "data-left": left, "data-error": error?.code ?? "", "data-remedy": error?.remedy };
  return h("main", { id: "link", ...data }, JSON.stringify(texts));
}

function App() {
  const [shown, show] = useState(true);
  globalThis.show = show;
  return shown ? h(Link, { key: shown }) : h("main", { id: "gone" });
}

createRoot(document.body.appendChild(document.createElement("div"))).render(h(StrictMode, null, h(App)));
