/** A door between two parties: what comes to it while it is held waits there, in order, and can be looked at meanwhile. */
export interface Gate {
  readonly hold: () => void
  /** Lets pass what waits, then everything. */
  readonly release: () => void
  /** Resolves once something waits here. */
  readonly entered: () => Promise<void>
  /** Runs `task` now, or when the gate is released. */
  readonly pass: (task: () => void) => void
  /** Resolves now, or when the gate is released. */
  readonly passed: () => Promise<void>
}

export const makeGate = (): Gate => {
  const waiting: Array<() => void> = []
  let watchers: Array<() => void> = []
  let isHeld = false
  const pass = (task: () => void): void => {
    if (!isHeld) return task()
    waiting.push(task)
    for (const watcher of watchers) watcher()
    watchers = []
  }
  return {
    pass,
    passed: () => new Promise((resolve) => pass(resolve)),
    hold: () => {
      isHeld = true
    },
    release: () => {
      isHeld = false
      for (const task of waiting.splice(0)) task()
    },
    entered: () => (waiting.length > 0 ? Promise.resolve() : new Promise((resolve) => watchers.push(resolve))),
  }
}
