import { expect, test } from 'vitest'
import { makeTurnLedger } from '../src/TurnLedger.ts'

const refused = (turns: ReturnType<typeof makeTurnLedger>, clientId: string, times: number): void => {
  for (let i = 0; i < times; i += 1) turns.note('s', clientId, 'BackendAhead')
}

test('two refusals give no turn, an accepted push starts the count again', () => {
  const turns = makeTurnLedger()
  refused(turns, 'a', 2)
  turns.note('s', 'a', 'Accepted')
  refused(turns, 'a', 2)
  expect(turns.enter('s', 'b')).toBeUndefined()
})

test('in a turn only its client may push, in its store; it ends when a batch landed', async () => {
  const turns = makeTurnLedger({ turnMs: 60_000 })
  refused(turns, 'a', 3)
  expect(turns.enter('s', 'a')).toBeUndefined()
  expect(turns.enter('other', 'b')).toBeUndefined()
  const waiting = turns.enter('s', 'b')
  expect(waiting).toBeInstanceOf(Promise)
  turns.note('s', 'b', 'Accepted')
  expect(turns.enter('s', 'b')).toBeInstanceOf(Promise)
  turns.note('s', 'a', 'Accepted')
  await waiting
  expect(turns.enter('s', 'b')).toBeUndefined()
})

test('a client that vanishes in its turn delays the others once', async () => {
  const turns = makeTurnLedger({ turnMs: 1 })
  refused(turns, 'a', 3)
  await turns.enter('s', 'b')
  expect(turns.enter('s', 'b')).toBeUndefined()
})

test('refusals of a client that was away in between do not add up', () => {
  let nowMs = 0
  const turns = makeTurnLedger({ now: () => nowMs })
  refused(turns, 'a', 2)
  nowMs = 61_000
  refused(turns, 'a', 2)
  expect(turns.enter('s', 'b')).toBeUndefined()
})

test('who waits lets the queue go first, and goes through after the time of one turn', async () => {
  let nowMs = 0
  const turns = makeTurnLedger({ turnMs: 5_000, now: () => nowMs })
  for (const clientId of ['a', 'b', 'c']) refused(turns, clientId, 3)
  const passed: Array<string> = []
  for (const clientId of ['b', 'x']) void turns.enter('s', clientId)?.then(() => passed.push(clientId))
  turns.note('s', 'a', 'Accepted')
  await settled()
  expect(passed).toEqual(['b'])
  nowMs = 5_000
  turns.note('s', 'b', 'Accepted')
  await settled()
  // It is c's turn, but x has waited long enough.
  expect(passed).toEqual(['b', 'x'])
  expect(turns.enter('s', 'x')).toBeInstanceOf(Promise)
})

/** Ends when every promise that can go on has done so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Spec section 7: 20 clients at 5 ms and one at 500 ms round trip, all pushing without pause, on virtual time. A push
 * is judged half a round trip after it was sent; whoever was refused has rebased when the answer arrives.
 */
test('under contention the slow client lands at least one batch a minute', async () => {
  const clients = Array.from({ length: 21 }, (_, i) => ({
    id: `c${i}`,
    rttMs: i === 20 ? 500 : 5,
    known: 0,
    landed: 0,
  }))
  let nowMs = 0
  let head = 0
  const turns = makeTurnLedger({ turnMs: 3_000, now: () => nowMs })
  const arrivals = clients.map((client, i) => ({ client, atMs: client.rttMs / 2 + i / 100 }))
  const judge = (client: (typeof clients)[number]): void => {
    const isFirst = client.known === head
    if (isFirst) head += 1
    client.landed += isFirst ? 1 : 0
    client.known = head
    turns.note('s', client.id, isFirst ? 'Accepted' : 'BackendAhead')
    arrivals.push({ client, atMs: nowMs + client.rttMs })
  }
  while (nowMs < 60_000) {
    arrivals.sort((a, b) => a.atMs - b.atMs)
    const next = arrivals.shift()
    if (next === undefined) break
    nowMs = next.atMs
    const over = turns.enter('s', next.client.id)
    if (over === undefined) judge(next.client)
    else void over.then(() => judge(next.client))
    await settled()
  }
  const slow = clients[20]?.landed ?? 0
  console.log(`PROOF slow_client_batches_per_minute=${slow} all_batches=${head}`)
  expect(slow).toBeGreaterThanOrEqual(1)
  expect(Math.min(...clients.map(({ landed }) => landed))).toBeGreaterThanOrEqual(1)
})

/** Pushes until everybody has landed one batch, all at once: what a hot store costs. */
test('two hundred clients that want one place are refused a few times each', async () => {
  const turns = makeTurnLedger({ turnMs: 60_000 })
  let [head, pushes] = [0, 0]
  const land = async (clientId: string): Promise<void> => {
    for (let known = 0; ; known = head) {
      await turns.enter('s', clientId)
      await settled()
      pushes += 1
      const isFirst = known === head
      if (isFirst) head += 1
      turns.note('s', clientId, isFirst ? 'Accepted' : 'BackendAhead')
      if (isFirst) return
    }
  }
  await Promise.all(Array.from({ length: 200 }, (_, index) => land(`c${index}`)))
  console.log(`PROOF hot_clients=200 pushes=${pushes}`)
  expect(pushes).toBeLessThan(200 * 8)
})
