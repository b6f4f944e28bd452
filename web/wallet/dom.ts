/** What an element is made with, besides its children. */
interface Props {
  readonly class?: string;
  /** For tests to find it by. */
  readonly testid?: string;
  readonly click?: (event: MouseEvent) => void;
  readonly submit?: () => void;
  readonly change?: () => void;
  /** Everything else is an attribute; false and undefined are none. */
  readonly [attribute: string]: unknown;
}

type Child = Node | string | false | undefined;

/** Makes an element. Texts become text, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  const { class: className, testid, click, submit, change, ...attributes } = props;
  if (className) made.className = className;
  if (testid) made.dataset.testid = testid;
  if (click) made.addEventListener("click", click as EventListener);
  if (change) made.addEventListener("change", change);
  if (submit) {
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== false && child !== undefined));
  return made;
}

/** A button that does one thing. */
export function button(text: string, testid: string, click: () => void, kind = "quiet"): HTMLButtonElement {
  return h("button", { type: "button", class: kind, testid, click }, text);
}

let fields = 0;

/** A field with its label. */
export interface Field {
  readonly row: HTMLElement;
  readonly input: HTMLInputElement;
}

/** Makes a field with a label above it. */
export function field(label: string, props: Props): Field {
  const id = `field-${++fields}`;
  const input = h("input", { id, ...props });
  return { row: h("p", { class: "field" }, h("label", { for: id }, label), input), input };
}

/** A field for a passphrase. what is "current-password" or "new-password". */
export function passphraseField(label: string, what: string, testid: string): Field {
  return field(label, { type: "password", autocomplete: what, testid, required: true, spellcheck: "false", autocapitalize: "off" });
}

/** What went wrong, for everybody; empty until it is said. */
export class Problem {
  readonly element = h("p", { class: "problem", role: "alert", testid: "problem" });

  say(text: string): void {
    this.element.textContent = text;
  }
}

/** A name of a machine's making, which is read from left to right wherever it is. */
export function code(text: string, props: Props = {}): HTMLElement {
  return h("code", { dir: "ltr", ...props }, text);
}

/** A drawing of a few lines. */
export function drawing(viewBox: string, path: string, className: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", className);
  const line = document.createElementNS(namespace, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
