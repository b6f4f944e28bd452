import { arrows, type Arrow } from "@liaison/client";
import { drawn, element, part } from "./page.ts";
import { arrowWords, duration, whoSends, type ArrowWords, type Party } from "./words.ts";

/** Where the lifelines are, in a drawing that is 150 wide. */
const lifelines: Record<Party, number> = { page: 15, server: 75, wallet: 135 };

/** The arrows of a resumption: all else was done before. */
const ofResumption: ReadonlySet<Arrow> = new Set<Arrow>([4, 13, 14, 15, 16, 17]);

/** The record: a list that is a sequence diagram, too. What has happened stands
 * above, in the order in which it did; what is still to come, below. */
export class SequenceRecord {
  readonly #list = part("arrows");
  #next = 0; // where the next arrow goes

  /** Draws it anew, with nothing done. */
  reset(resumes: boolean): void {
    this.#next = 0;
    this.#list.replaceChildren(...arrows.map((arrow) => row(arrow, resumes && !ofResumption.has(arrow))));
    part("record-note").textContent = `${resumes ? "The two have met before, so there is nothing to scan and nothing to sign. " : ""}What is dashed passes the server sealed, or not at all.`;
  }

  /** Draws an arrow that was seen. */
  saw(arrow: Arrow, at: number): void {
    const found = this.#list.querySelector<HTMLElement>(`[data-arrow="${arrow}"]`);
    if (!found || found.dataset.state === "done") return;
    this.#list.insertBefore(found, this.#list.children[this.#next++] ?? null);
    found.hidden = false;
    found.dataset.state = "done";
    found.querySelector(".when")!.textContent = duration(at);
  }
}

function row(arrow: Arrow, skipped: boolean): HTMLLIElement {
  const words = arrowWords[arrow];
  const made = document.createElement("li");
  made.dataset.arrow = String(arrow);
  made.dataset.state = skipped ? "skipped" : "pending";
  made.hidden = skipped;
  const lanes = element("span", "lanes", "");
  lanes.setAttribute("aria-hidden", "true");
  lanes.append(drawing(words));
  made.append(lanes, element("span", "unseen", `${whoSends(words)}: `), element("span", "what", words.what), element("span", "when", ""));
  return made;
}

function drawing({ from, to, both, way }: ArrowWords): SVGElement {
  const [a, b] = [lifelines[from], lifelines[to]];
  const image = drawn("svg", { viewBox: "0 0 150 20", class: way ?? "plain", focusable: "false" });
  if (a === b) {
    image.append(drawn("circle", { cx: String(a), cy: "10", r: "4.5", class: "deed" }));
    return image;
  }
  const d = Math.sign(b - a);
  image.append(drawn("path", { d: `M${a + 3 * d} 10H${b - 4 * d}`, pathLength: "1", class: "shaft" }), head(b, d));
  if (both) image.append(head(a, -d));
  return image;
}

function head(x: number, d: number): SVGElement {
  return drawn("path", { d: `M${x - 9 * d} 5.5L${x - 2 * d} 10L${x - 9 * d} 14.5`, class: "head" });
}
