/** Which resumptions the pages of this browser use: two that wait for one other side
 * would take it from each other. A browser without locks has no such order. */
export class Uses {
  readonly #prefix: string;
  readonly #locks: LockManager | undefined = globalThis.navigator?.locks;
  /** Ends a use of this page's; resolves when others may begin. */
  readonly #mine = new Map<string, () => Promise<unknown>>();
  #ending: Promise<unknown> = Promise.resolve();

  /** The prefix is that of the names of the locks. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Begins to use one; resolves with false if it is in use. */
  async begin(id: string): Promise<boolean> {
    await this.#ending;
    if (this.#mine.has(id)) return false;
    let end = () => {};
    const used = new Promise<void>((resolve) => (end = resolve));
    let over: Promise<unknown> = used;
    this.#mine.set(id, () => (end(), over));
    const free = await new Promise<boolean>((begun) => {
      if (!this.#locks) return begun(true);
      const request = this.#locks.request(this.#prefix + id, { ifAvailable: true }, (lock) => {
        begun(lock !== null);
        return lock ? used : undefined;
      });
      over = request.catch(() => begun(true)); // a page that may not lock
    });
    if (!free) this.#mine.delete(id);
    return free;
  }

  end(id: string): void {
    const ended = this.#mine.get(id)?.();
    this.#mine.delete(id);
    this.#ending = Promise.all([this.#ending, ended]);
  }

  /** Those that other pages use. */
  async elsewhere(): Promise<Set<string>> {
    const { held = [] } = (await this.#locks?.query().catch(() => undefined)) ?? {};
    const ids = held.map(({ name = "" }) => name.slice(this.#prefix.length));
    return new Set(ids.filter((id) => !this.#mine.has(id)));
  }
}
