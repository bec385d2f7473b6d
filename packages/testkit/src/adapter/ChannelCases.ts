/** The line between one session and its leader, without a store around it. */
import { type AdapterConnection, type LeaderMessage, systemEnvironment } from '@headwater/core/adapter'
import { equal, fail, isTrue } from '../Assert.ts'
import { type AdapterCase, type CasePlace, failureTag, within } from './AdapterUnderTest.ts'
import { checkedConnection, makeClientWatch } from './CheckedClient.ts'

/** A session's way to the leader of a store, without a session. */
export const connectTo = ({ under }: CasePlace, storeId: string): Promise<AdapterConnection> =>
  under.adapter.connect({
    storeId,
    sessionId: crypto.randomUUID(),
    environment: systemEnvironment({ log: () => undefined }),
    signal: undefined,
  })

const connect = (place: CasePlace): Promise<AdapterConnection> => connectTo(place, place.storeId)

/** Everything that has arrived, and a way to wait for more. */
const listen = (
  { client }: AdapterConnection,
  withinMs: number,
  onMessage: (message: LeaderMessage) => void = () => undefined,
) => {
  const messages: Array<LeaderMessage> = []
  const waiting = new Set<() => void>()
  client.listen({
    onMessage: (message) => {
      messages.push(message)
      onMessage(message)
      for (const check of waiting) check()
    },
    onLost: () => undefined,
  })
  const until = (isReached: (messages: ReadonlyArray<LeaderMessage>) => boolean, what: string): Promise<void> =>
    within(
      withinMs,
      new Promise<void>((resolve) => {
        const check = (): void => {
          if (!isReached(messages)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
      what,
    )
  return { messages, until }
}

const hasHello = (messages: ReadonlyArray<LeaderMessage>): boolean => messages.some(({ _tag }) => _tag === 'hello')

export const channelCases: ReadonlyArray<AdapterCase> = [
  {
    name: 'a leader says hello first, also to a session that listens late',
    needs: [],
    run: async (place) => {
      const connection = await connect(place)
      // What a leader elsewhere has sent by now waits for the listener.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
      const { messages, until } = listen(connection, place.under.takeoverWithinMs)
      await until(hasHello, 'hello')
      equal(messages[0]?._tag, 'hello', 'first message')
      await connection.client.close()
    },
  },
  {
    name: 'messages arrive in the order they were sent, small and large ones, never while send runs, none after close',
    needs: [],
    run: async (place) => {
      const watch = makeClientWatch()
      const connection = checkedConnection(await connect(place), watch)
      const idsIn = (n: number): number => (n % 3 === 0 ? 3000 : 1)
      const ask = (n: number): void => {
        const ids = Array.from({ length: idsIn(n) }, (_, i) => `é${n}-${i}`)
        connection.client.send({ _tag: 'request', n, request: 'locate', ask: { ids } })
      }
      const [asked, askedAgain] = [300, 50]
      // The first answers are each answered by a question, while more of them wait.
      const { messages, until } = listen(connection, place.under.takeoverWithinMs, (message) => {
        if (message._tag === 'response' && message.n <= askedAgain) ask(asked + message.n)
      })
      await until(hasHello, 'hello')
      for (let n = 1; n <= asked; n++) ask(n)
      const answered = (all: ReadonlyArray<LeaderMessage>) =>
        all.flatMap((message) => (message._tag === 'response' ? [message] : []))
      await until((all) => answered(all).length >= asked + askedAgain, 'an answer to every question')
      equal(
        answered(messages).map(({ n }) => n),
        Array.from({ length: asked + askedAgain }, (_, i) => i + 1),
        'numbers of the answers',
      )
      for (const { n, answer } of answered(messages)) {
        isTrue(Array.isArray(answer), `an answer to question ${n}`)
        equal((answer as ReadonlyArray<unknown>).length, idsIn(n), `length of answer ${n}`)
      }
      ask(asked + askedAgain + 1)
      connection.client.send({ _tag: 'goodbye' })
      await connection.client.close()
      // Closing again, and sending to nobody, are nothing.
      connection.client.send({ _tag: 'goodbye' })
      await connection.client.close()
      await place.untilUnled()
      equal(watch.violations, [], 'broken rules')
    },
  },
  {
    name: 'a session that closes before it has listened leaves nothing behind',
    needs: [],
    run: async (place) => {
      const { client } = await connect(place)
      await client.close()
      await place.untilUnled()
      await (await place.open()).close()
    },
  },
  {
    name: "a session's databases are its own, empty or made from an image",
    needs: [],
    run: async (place) => {
      const { client, openDatabase } = await connect(place)
      const first = openDatabase()
      first.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
      const second = openDatabase()
      equal(second.prepare('SELECT name FROM sqlite_schema').all(), [], 'tables of a new database')
      const copy = openDatabase(first.serialize())
      copy.exec('INSERT INTO t VALUES (2)')
      equal(copy.prepare('SELECT a FROM t').all(), [[1], [2]], 'rows of the copy')
      equal(first.prepare('SELECT a FROM t').all(), [[1]], 'rows of the original')
      for (const database of [first, second, copy]) database.close()
      await client.close()
    },
  },
  {
    name: 'an AbortSignal ends connect wherever it is, with its reason; nothing is left running and the store opens',
    needs: [],
    run: async (place) => {
      const reason = new DOMException('changed my mind', 'AbortError')
      await failureTag(place.open({ signal: AbortSignal.abort(reason) }), 'opening with a signal that is aborted')
      // After so many turns of the event loop: while the leader starts, while it is connected to, while the session boots.
      for (const turns of [0, 1, 2, 4, 8, 16]) {
        const controller = new AbortController()
        const opening = place.open({ signal: controller.signal })
        const outcome = opening.then(
          (session) => session.close(),
          (error: unknown) => (error === reason ? undefined : fail(`aborted after ${turns} turns: ${String(error)}`)),
        )
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
        controller.abort(reason)
        await within(place.under.takeoverWithinMs, outcome, `the end of opening, aborted after ${turns} turns`)
      }
      await place.untilUnled()
      const session = await place.open()
      await session.commit({ ids: ['1'] })
      equal(await session.persisted(), 1, 'persisted receipts')
      await session.close()
    },
  },
]
