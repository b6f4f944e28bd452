/** What the lock needs of the page. */
export interface AutoLockPlatform {
  /** Milliseconds since 1970: a clock that goes on while the device sleeps. */
  date(): number;
  /** Calls back once after some milliseconds, unless the result is called. */
  after(ms: number, callback: () => void): () => void;
}

/** How long the vault stays open, in milliseconds. */
export interface AutoLockTimes {
  /** Without anybody doing anything. */
  readonly idleMs: number;
  /** While nobody sees the page. */
  readonly hiddenMs: number;
}

/** Locks a vault that nobody uses. Timers stop while a device sleeps, so whoever
 * comes back is met by a look at the clock first. */
export class AutoLock {
  readonly #platform: AutoLockPlatform;
  readonly #lock: () => void;
  #times: AutoLockTimes;
  #usedAt = 0;
  #hiddenAt: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(platform: AutoLockPlatform, times: AutoLockTimes, lock: () => void) {
    this.#platform = platform;
    this.#times = times;
    this.#lock = lock;
  }

  /** Begins: the vault was unlocked. */
  start(): void {
    this.#usedAt = this.#platform.date();
    this.#arm();
  }

  /** Ends: the vault is locked. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Takes other times, from now on. */
  set(times: AutoLockTimes): void {
    this.#times = times;
    if (this.#cancel) this.#arm();
  }

  /** Somebody did something. */
  used(): void {
    if (!this.#cancel || this.#look()) return;
    this.#usedAt = this.#platform.date();
  }

  /** The page is hidden, or shown again. */
  hidden(hidden: boolean): void {
    if (this.#cancel && this.#look()) return;
    this.#hiddenAt = hidden ? this.#platform.date() : undefined;
    if (this.#cancel) this.#arm();
  }

  /** Locks if it is time to; returns whether it did. */
  #look(): boolean {
    if (this.#left() > 0) return false;
    this.stop();
    this.#lock();
    return true;
  }

  // A clock that was set back counts as time that has passed: nobody knows how much.
  #left(): number {
    const now = this.#platform.date();
    const idle = now - this.#usedAt;
    const hidden = this.#hiddenAt === undefined ? 0 : now - this.#hiddenAt;
    if (idle < 0 || hidden < 0) return 0;
    return Math.min(this.#times.idleMs - idle, this.#hiddenAt === undefined ? Infinity : this.#times.hiddenMs - hidden);
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = this.#platform.after(Math.max(0, this.#left()), () => {
      if (!this.#look()) this.#arm();
    });
  }
}
