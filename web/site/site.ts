// The site page: the modal, standing in the page, and around it the record of what
// happens, the path, a conversation, and who is signed in. All its tabs share one link. What it asks of wallets
// can be said in its address: /?confirm=sas and /?locality=require; what becomes of
// wallets that do not seal, by /?legacy=deny; which addresses leave it, by
// /?candidates=relay; and the language, by /?lang=de.
import { localities, type Legacy, type LinkEvent, type PathKind } from "@liaison/client";
import { LiaisonConnect, type Phase } from "@liaison/client/modal";
import { Account } from "./account.ts";
import { Chart } from "./chart.ts";
import { part } from "./page.ts";
import { SequenceRecord } from "./record.ts";
import { Talk } from "./talk.ts";
import { nearness, opening, pathMeaning } from "./words.ts";

/** What the page's address may ask for. */
const choices: { readonly [name: string]: readonly string[] } = {
  confirm: ["sas"],
  locality: localities,
  legacy: ["deny", "warn", "allow"] satisfies Legacy[],
  candidates: ["host", "srflx", "relay"] satisfies PathKind[],
  lang: ["en", "de", "ar"],
};

const root = document.documentElement;
const connect = new LiaisonConnect();
for (const name of ["inline", "shared"]) connect.toggleAttribute(name, true);
for (const [name, value] of new URLSearchParams(location.search)) {
  if (Object.hasOwn(choices, name) && choices[name]!.includes(value)) connect.setAttribute(name, value);
}

const record = new SequenceRecord();
const chart = new Chart();
const talk = new Talk((text) => connect.shared!.send(text));
const account = new Account({
  link: () => (connect.link?.resumes || connect.phase !== "connected" ? undefined : connect.link),
  leave: () => connect.shared?.suspend(),
  welcome() {
    if (connect.phase === "idle" || connect.phase === "failed") connect.open();
  },
});
let linkedAt = 0;
let resumes = false;

connect.addEventListener("phase", ({ detail }) => shown(detail.phase));
connect.addEventListener("step", ({ detail }) => happened(detail));
connect.addEventListener("closed", () => (root.dataset.end = "quiet"));
connect.addEventListener("failed", () => (root.dataset.end = "loud"));
part("connect").replaceWith(connect);

/** The modal shows something else. */
function shown(phase: Phase): void {
  root.dataset.phase = phase;
  delete root.dataset.end;
  document.title = phase === "connected" ? "Connected · Liaison" : "Liaison";
  if (phase === "starting") reset();
  if (phase === "resuming") record.reset(true);
  if (phase === "starting" || phase === "resuming") resumes = phase === "resuming";
  account.apart(phase !== "connected" && phase !== "linking");
  talk.open(phase === "connected");
  if (phase === "connected") welcome();
  else chart.stop();
}

function reset(): void {
  record.reset(false);
  chart.reset();
  talk.reset();
  for (const name of ["path", "locality", "took"]) part(name).textContent = "–";
  part("path-meaning").textContent = "";
  part("path-card").hidden = true;
}

/** The channel is open. Whoever did nothing else meanwhile can write at once; on a
 * phone that would open the keyboard over the page. */
function welcome(): void {
  part("path-card").hidden = false;
  const free = document.activeElement === document.body || document.activeElement === connect;
  if (free && matchMedia("(pointer: fine)").matches) talk.focus();
}

function happened(event: LinkEvent): void {
  switch (event.type) {
    case "arrow":
      record.saw(event.arrow, event.at);
      // The session that subscribed is a good one, and the one that was signed in is
      // there; before, or between the two, it may be a dead one that is shown.
      if (event.arrow === 4 || event.arrow === 8) void account.look();
      return;
    case "linked":
      linkedAt = event.at;
      return;
    case "open":
      part("took").textContent = opening(event.at - linkedAt, resumes);
      return;
    case "path":
      part("path").textContent = event.path.kind;
      part("path-meaning").textContent = pathMeaning[event.path.kind];
      return chart.measured(event.path.rttMs);
    case "locality":
      part("locality").textContent = nearness(event.locality);
      return;
    case "message":
      talk.add("wallet", event.data);
      return;
    case "signaling":
      root.dataset.server = event.attached ? "here" : "gone";
      return;
  }
}
