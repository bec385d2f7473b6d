/**
 * One virtual clock for everything in a simulation. Tasks run in order of their time; between two tasks every resolved
 * promise has run. Nothing else decides what comes next, so the same dice give the same order on any machine.
 */

interface Task {
  readonly at: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

/** What ran too long to be called idle: the bound of the liveness property. */
export class NotIdle extends Error {}

export class World {
  readonly #heap: Array<Task> = []
  #order = 0
  #now = 1_750_000_000_000
  tasksRun = 0

  get now(): number {
    return this.#now
  }

  /** **Units** `delayMs` of virtual time. The answer cancels the task. */
  schedule(delayMs: number, run: () => void): () => void {
    const task: Task = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run, isCancelled: false }
    this.#push(task)
    return () => {
      task.isCancelled = true
    }
  }

  /** Runs tasks until `isDone` holds between two of them. **Fails with** `NotIdle` beyond `forMs` of virtual time, and what a task throws. */
  async runUntil(isDone: () => boolean, forMs: number): Promise<void> {
    const end = this.#now + forMs
    await drainPromises()
    while (!isDone()) {
      const task = this.#pop()
      if (task === undefined) throw new NotIdle('nothing is left to happen')
      if (task.at > end) throw new NotIdle(`not done after ${forMs} ms`)
      if (task.isCancelled) continue
      this.#now = Math.max(this.#now, task.at)
      this.tasksRun++
      task.run()
      await drainPromises()
    }
  }

  /** Lets `forMs` of virtual time pass. */
  async runFor(forMs: number): Promise<void> {
    let isOver = false
    this.schedule(forMs, () => (isOver = true))
    await this.runUntil(() => isOver, forMs + 1)
  }

  #push(task: Task): void {
    const heap = this.#heap
    heap.push(task)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i]!, heap[parent]!)) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  #pop(): Task | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let i = 0; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left
      if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right
      if (least === i) return first
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
}

const isBefore = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** Everything that promises have left to do: the event loop turns only when the microtask queue is empty. */
const drainPromises = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
