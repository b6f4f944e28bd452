/** One of the things that the page can show. */
export interface View {
  /** Names it, for the style sheet and for tests. */
  readonly name: "start" | "locked" | "home" | "scan" | "asking" | "request" | "talk" | "settings" | "failure";
  readonly title: string;
  readonly element: HTMLElement;
  /** What has the focus at first; by default the title. */
  readonly focus?: HTMLElement;
  /** Shows anew what may have changed. */
  update?(): void;
  /** The page shows something else now. */
  leave?(): void;
}
