/** One of the playground's two clients: a store, its way to the server, and what is drawn of it. */
import {
  createStore,
  formatPosition,
  inspectStore,
  type Row,
  type StepEvent,
  type Store,
  type StoreStep,
} from '@headwater/core'
import type { SyncBackendProvider } from '@headwater/core/backend'
import { type FaultyBackend, faultyBackend } from '@headwater/testkit'
import { buyers, groceries, items, itemAdded, itemRenamed, itemTaken } from './Groceries.ts'
import { type LogBox, logBoxes } from './LogLine.ts'
import { pageAdapter } from './PageAdapter.ts'
import { watchedBackend } from './WatchedBackend.ts'

/** A rebase in three pictures. **Shape** lists of `e3 “+ milk”`, oldest first. */
export interface RebasePicture {
  readonly undone: ReadonlyArray<string>
  readonly came: ReadonlyArray<string>
  readonly replayed: ReadonlyArray<string>
  /** On this page's thread, both lists drawn anew included. **Units** ms. */
  readonly ms: number
}

export interface ListRow extends Row<typeof items> {
  readonly buyer: string | undefined
}

/** What a client has to do with the rest of the playground. */
export interface ClientWorld {
  readonly server: SyncBackendProvider
  readonly label: (id: string) => string
  readonly note: (argsOf: {
    readonly id: string
    readonly name: string
    readonly argsJson: string
    readonly clientId: string
  }) => void
  readonly say: (text: string) => void
  readonly authorOf: (clientId: string) => string
  readonly latencyMs: () => number
  readonly onChange: () => void
}

export class PlaygroundClient {
  readonly name: string
  readonly store: Store
  readonly #world: ClientWorld
  readonly #line: FaultyBackend
  #isOnline = true
  #isReading = false
  #mustRead = false
  boxes: ReadonlyArray<LogBox> = []
  rows: ReadonlyArray<ListRow> = []
  rebase: RebasePicture | null = null
  /** Events that are on their way to the server now. */
  sending = 0
  /** Events that are on their way from there. */
  coming = 0

  private constructor(name: string, store: Store, world: ClientWorld, line: FaultyBackend) {
    this.name = name
    this.store = store
    this.#world = world
    this.#line = line
  }

  static async open(name: string, world: ClientWorld): Promise<PlaygroundClient> {
    const holder: { client?: PlaygroundClient } = {}
    const atServer = watchedBackend(world.server, {
      onPage: ({ events }) => holder.client?.flight('coming', events.length),
    })
    // As long as it may take, each time: a playground is to be understood.
    const line = faultyBackend(atServer, { random: () => 1 - Number.EPSILON })
    line.setFaults({ latencyMs: world.latencyMs() })
    const backend = watchedBackend(line, { onPush: ({ events }) => holder.client?.flight('sending', events.length) })
    const store = await createStore({
      schema: groceries,
      storeId: 'groceries',
      adapter: pageAdapter(),
      backend,
      log: () => undefined,
    })
    const client = new PlaygroundClient(name, store, world, line)
    holder.client = client
    client.#watch()
    return client
  }

  get isOnline(): boolean {
    return this.#isOnline
  }

  setOnline(isOnline: boolean): void {
    if (this.#isOnline === isOnline) return
    this.#isOnline = isOnline
    this.#line.setOnline(isOnline)
    this.#world.say(isOnline ? `${this.name} is online again.` : `${this.name} goes offline. The list works as before.`)
    if (isOnline) void this.store.retrySync()
    this.#world.onChange()
  }

  setLatency(latencyMs: number): void {
    this.#line.setFaults({ latencyMs })
  }

  add(text: string): void {
    this.store.commit(itemAdded({ id: crypto.randomUUID(), text, addedAt: Date.now() }))
  }

  rename(id: string, text: string): void {
    this.store.commit(itemRenamed({ id, text }))
  }

  take(id: string): void {
    this.store.commit(itemTaken({ id, name: this.name }))
  }

  /** How many of this client's events the server has not confirmed. */
  get waiting(): number {
    return this.boxes.filter(({ stage }) => stage === 'pending' || stage === 'persisted').length
  }

  #watch(): void {
    const { store } = this
    inspectStore(store).observe({ now: () => performance.now(), onStep: (step) => this.#onStep(step) })
    store.onStatus(() => this.#read())
    store.onNotice((notice) => {
      if (notice._tag === 'rejected')
        this.#world.say(
          `The server refuses “${this.#world.label(notice.refused.event.id)}”: ${notice.refused.detail} ${this.name}’s list is as if it had not been; the event is kept as a dead letter.`,
        )
      if (notice._tag === 'quarantined')
        this.#world.say(
          `“${this.#world.label(notice.eventId)}” fails where it stands now at ${this.name}’s: it stays in the log, without effect.`,
        )
      this.#read()
    })
    const show = (): void => {
      const buyerOf = new Map(store.query(buyers.all()).map(({ itemId, name }) => [itemId, name]))
      this.rows = store.query(items.orderBy('addedAt')).map((row) => ({ ...row, buyer: buyerOf.get(row.id) }))
      this.#world.onChange()
    }
    store.onRefresh(show)
    show()
    this.#read()
  }

  /** A batch or page between here and the server, for as long as it takes. */
  flight(kind: 'sending' | 'coming', events: number): void {
    if (events === 0) return
    this[kind] += events
    this.#world.onChange()
    setTimeout(() => {
      this[kind] -= events
      this.#world.onChange()
    }, this.#world.latencyMs())
  }

  #onStep(step: StoreStep): void {
    for (const event of inspectStore(this.store).pending()) this.#world.note(event)
    const { say } = this.#world
    const text = (events: ReadonlyArray<StepEvent>): ReadonlyArray<string> =>
      events.map(({ position, id }) => `${formatPosition(position)} “${this.#world.label(id)}”`)
    if (step._tag === 'commit') say(`${this.name} commits ${text(step.events).join(', ')}. The list shows it at once.`)
    if (step._tag === 'advance' && step.added.length > 0) say(`${this.name} receives ${text(step.added).join(', ')}.`)
    if (step._tag === 'rebase') {
      const own = new Set(step.rolledBack.map(({ id }) => id))
      const picture = {
        undone: text(step.rolledBack),
        came: text(step.added.filter(({ id }) => !own.has(id))),
        replayed: text(step.added.filter(({ id }) => own.has(id))),
        ms: step.ms,
      }
      // A refusal alone is told by its notice.
      if (picture.came.length > 0) {
        this.rebase = picture
        say(
          `${this.name} rebases: undoes ${list(picture.undone)}, applies ${list(picture.came)}, replays ${list(picture.replayed)}.`,
        )
      }
    }
    this.#read()
  }

  /** Reads the log again, once for all that has happened while it was read. */
  #read(): void {
    this.#mustRead = true
    if (!this.#isReading) void this.#readUntilDone()
  }

  async #readUntilDone(): Promise<void> {
    this.#isReading = true
    const inspection = inspectStore(this.store)
    while (this.#mustRead && !this.store.status.isClosed) {
      this.#mustRead = false
      const page = await inspection.readLog({ after: { global: 0, client: 0 }, limit: 1000 })
      for (const event of page.events) this.#world.note(event)
      this.boxes = logBoxes({
        page,
        pending: inspection.pending(),
        skipped: new Set(inspection.quarantined().map(({ eventId }) => eventId)),
        describe: ({ id, clientId }) => ({ label: this.#world.label(id), author: this.#world.authorOf(clientId) }),
      })
      this.#world.onChange()
    }
    this.#isReading = false
  }
}

const list = (texts: ReadonlyArray<string>): string => (texts.length === 0 ? 'nothing' : texts.join(', '))
