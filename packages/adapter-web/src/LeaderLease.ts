/**
 * What keeps a leader that has stopped for a while from speaking as if nothing had happened.
 *
 * A Web Lock can be stolen, and the one that it was stolen from hears of it in a task of its own: a worker that was
 * stopped and wakes up may take other tasks first, write to files that have been copied meanwhile, and tell a session
 * that its events are persisted. So a leader looks whether the lock is still its own, and everything that it takes or says
 * is held back unless it has looked less than {@link leaseMs} ago.
 *
 * Why that is enough: a thief copies the files {@link takeOverMs} after the theft at the earliest. A leader that saw its
 * lock at time t was not robbed before t; what it says until t + leaseMs, it has committed before, and that is before
 * t + takeOverMs: it is in the copy. All clocks are the machine's monotonic one; only differences on one side count.
 *
 * Looking is one question to the browser's process (about 1 ms), asked when something is to be done and the last answer
 * is old; a leader at rest asks nothing.
 */

/** How long a look at the lock is good for. **Units** ms. Less than {@link takeOverMs} by more than timers are late. */
export const leaseMs = 400

/** How long a thief leaves the files to the one it has robbed. **Units** ms. */
export const takeOverMs = 800

/**
 * A step that is under way may go on writing for so long after the last look: longer than the most patient session waits
 * (`patienceMax` times three beats, 19 s), or a step that takes long on a slow device would fail in each leader that tries
 * it. It harms nobody if the lock was stolen meanwhile: a thief goes on in the old folder only when its handles are free,
 * which is when this worker is gone, and what it copies to a new one it has read twice, the same. Nothing new begins
 * without a look, and what the step has to say is held back by one. **Units** ms.
 */
export const stepMs = 30_000

export interface LeaderLeaseOptions {
  /** Whether the lock is still this worker's. */
  readonly look: () => Promise<boolean>
  /** Monotonic. **Units** ms. */
  readonly now: () => number
  /** The lock is lost. Called once; nothing that is held back will run. */
  readonly onLost: () => void
}

export class LeaderLease {
  readonly #options: LeaderLeaseOptions
  #seenAt: number
  #isLost = false
  #isLooking = false
  #held: Array<() => void> = []

  /** The lock was taken just now. */
  constructor(options: LeaderLeaseOptions) {
    this.#options = options
    this.#seenAt = options.now()
  }

  get isValid(): boolean {
    return !this.#isLost && this.#age() < leaseMs
  }

  /** Whether a step that is under way may write: see {@link stepMs}. */
  mayWrite(): boolean {
    if (!this.#isLost && this.#age() < stepMs) return true
    void this.#look()
    return false
  }

  /** Runs `task` now, or after a look that finds the lock in place; tasks keep their order. */
  run(task: () => void): void {
    if (this.#isLost) return
    if (this.#held.length === 0 && this.isValid) return task()
    this.#held.push(task)
    void this.#look()
  }

  /** The lock was stolen. */
  lose(): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#held = []
    this.#options.onLost()
  }

  #age(): number {
    return this.#options.now() - this.#seenAt
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isLost) return
    this.#isLooking = true
    const askedAt = this.#options.now()
    // Where locks cannot be asked about they cannot be trusted either.
    const isHeld = await this.#options.look().catch(() => false)
    this.#isLooking = false
    if (!isHeld) return this.lose()
    this.#seenAt = askedAt
    while (this.#held.length > 0 && this.isValid) this.#held.shift()!()
    if (this.#held.length > 0) void this.#look()
  }
}
