/** Two clients and a server in this page: the real library, with a backend in memory between two stores. */
import type { PulledEvent } from '@headwater/core/backend'
import { type MemoryBackend, memoryBackend } from '@headwater/testkit'
import { labelOf, refusedWord } from './Groceries.ts'
import { PlaygroundClient } from './PlaygroundClient.ts'
import { watchedBackend } from './WatchedBackend.ts'

/** Sentences that are kept: what fits beside the clients. */
const storyMax = 40

/** Slow enough to be followed with the eye. **Units** ms, one way. */
export const defaultLatencyMs = 700
export const latencyMsMax = 3000

export class Playground {
  readonly #server: MemoryBackend
  readonly #labels = new Map<string, string>()
  readonly #authors = new Map<string, string>()
  /** What has happened, newest first. */
  story: ReadonlyArray<{ readonly number: number; readonly text: string }> = []
  #told = 0
  #latencyMs = defaultLatencyMs
  clients: ReadonlyArray<PlaygroundClient> = []

  private constructor(server: MemoryBackend) {
    this.#server = server
  }

  /** Opens both. **Shape** `onChange`: something is to be drawn anew. */
  static async open(onChange: () => void): Promise<Playground> {
    const server = memoryBackend()
    const playground = new Playground(server)
    server.setValidator(({ argsJson }) =>
      argsJson.includes(refusedWord) ? `this server takes no ${refusedWord}.` : undefined,
    )
    const say = (text: string): void => {
      playground.#told += 1
      playground.story = [{ number: playground.#told, text }, ...playground.story].slice(0, storyMax)
      onChange()
    }
    const open = (name: string): Promise<PlaygroundClient> =>
      PlaygroundClient.open(name, {
        server: watchedBackend(server, {
          onAnswer: (batch, answer) => {
            if (answer._tag === 'Accepted')
              say(
                `The server appends ${count(batch.events.length)} of ${name}: its log ends at e${answer.head.global}.`,
              )
            if (answer._tag === 'BackendAhead')
              say(`The server’s log has grown since ${name} looked: ${name} has to take that in first.`)
          },
        }),
        label: (id) => playground.#labels.get(id) ?? 'an event',
        note: (event) => void playground.#labels.set(event.id, labelOf(event)),
        say,
        authorOf: (clientId) => playground.#authors.get(clientId) ?? '',
        latencyMs: () => playground.#latencyMs,
        onChange,
      })
    playground.clients = [await open('Ann'), await open('Ben')]
    for (const { store, name } of playground.clients) playground.#authors.set(store.clientId, name)
    playground.story = []
    onChange()
    return playground
  }

  /** The server's log, oldest first. */
  get log(): ReadonlyArray<{
    readonly id: string
    readonly position: string
    readonly label: string
    readonly author: string
  }> {
    return this.#server.log('groceries').map((event: PulledEvent) => ({
      id: event.id,
      position: `e${event.global}`,
      label: labelOf(event),
      author: this.#authors.get(event.clientId) ?? '',
    }))
  }

  get latencyMs(): number {
    return this.#latencyMs
  }

  set latencyMs(latencyMs: number) {
    this.#latencyMs = latencyMs
    for (const client of this.clients) client.setLatency(latencyMs)
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map(({ store }) => store.close()))
  }
}

const count = (events: number): string => (events === 1 ? 'one event' : `${events} events`)
