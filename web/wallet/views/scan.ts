import { button, h, Problem } from "../dom.ts";
import { Camera } from "../scan/camera.ts";
import { readCode } from "../scan/code.ts";
import { words } from "../words.ts";
import { pasteForm } from "./home.ts";
import type { View } from "./view.ts";

const { scan } = words;

/** Looks for a code with the camera. */
export function scanView(open: (link: string) => void, back: () => void): View {
  const video = h("video", { playsinline: true, muted: true, "aria-label": scan.video, testid: "video" });
  video.muted = true;
  const status = h("p", { class: "scan-status", role: "status", testid: "scan-status" }, scan.starting);
  const problem = new Problem();
  const again = button(scan.again, "camera-again", () => start(), "primary");
  const frame = h("div", { class: "viewfinder" }, video);
  let camera: Camera | undefined;
  const start = () => {
    again.hidden = true;
    frame.hidden = false;
    problem.say("");
    status.textContent = scan.starting;
    camera = new Camera(video, {
      started: () => (status.textContent = scan.looking),
      seen(text) {
        const read = readCode(text);
        if ("problem" in read) problem.say(scan.foreign[read.problem]);
        else open(read.link);
        return "link" in read;
      },
      stopped(why) {
        status.textContent = "";
        problem.say(scan.stopped[why]);
        frame.hidden = true;
        again.hidden = why === "none" || why === "unavailable";
        paste.open = why !== "hidden" && why !== "busy";
      },
    });
    void camera.start();
  };
  const paste = pasteForm({ open });
  start();
  const element = h(
    "section",
    { class: "card pane", "aria-labelledby": "title" },
    h("h1", { id: "title", tabindex: "-1" }, scan.title),
    frame,
    status,
    problem.element,
    h("p", { class: "buttons" }, again, button(words.back, "back", back)),
    paste,
  );
  return { name: "scan", title: scan.title, element, leave: () => camera?.stop() };
}
