import { expect, test } from 'vitest'
import type { Push } from '../../src/channel/LeaderMessage.ts'
import { packEffects } from '../../src/channel/PackedEffects.ts'
import { LeaderInbox } from '../../src/leader/LeaderInbox.ts'

const push = (name: string, count = 1): Push => ({
  _tag: 'push',
  prev: null,
  events: Array.from({ length: count }, (_, i) => ({
    id: `${name}${i}`,
    name,
    argsJson: '{}',
    clientId: 'c',
    sessionId: 's',
    createdAt: 0,
    commitId: name,
    isClientOnly: false,
  })),
  epoch: 0,
  seqs: [],
  effects: packEffects([]),
})
const names = (taken: ReadonlyArray<{ readonly push: Push }>) => taken.map((one) => one.push.events[0]?.name).join(' ')

test('sessions take turns, each in its own order', () => {
  const inbox = new LeaderInbox<{ readonly id: string }>()
  const [a, b] = [{ id: 'a' }, { id: 'b' }]
  for (const name of ['a1', 'a2', 'a3']) inbox.add(a, push(name))
  for (const name of ['b1', 'b2']) inbox.add(b, push(name))
  expect(names(inbox.takePushes(100))).toBe('a1 b1 a2 b2 a3')
  expect(inbox.isEmpty).toBe(true)
})

test('a group ends with the push that fills it; the others keep their turns', () => {
  const inbox = new LeaderInbox<{ readonly id: string }>()
  const [a, b] = [{ id: 'a' }, { id: 'b' }]
  for (const name of ['a1', 'a2', 'a3']) inbox.add(a, push(name, 5))
  inbox.add(b, push('b1', 5))
  expect(names(inbox.takePushes(8))).toBe('a1 b1')
  expect(names(inbox.takePushes(8))).toBe('a2 a3')
})

test('nothing overtakes a message that is no push', () => {
  const inbox = new LeaderInbox<{ readonly id: string }>()
  const a = { id: 'a' }
  inbox.add(a, push('a1'))
  inbox.add(a, { _tag: 'ack', effects: null })
  inbox.add(a, push('a2'))
  expect(names(inbox.takePushes(100))).toBe('a1')
  expect(inbox.takePushes(100)).toEqual([])
  expect(inbox.takeNext()?.message._tag).toBe('ack')
  expect(names(inbox.takePushes(100))).toBe('a2')
})

test('goodbyes outlive what could not be stored', () => {
  const inbox = new LeaderInbox<{ readonly id: string }>()
  const a = { id: 'a' }
  inbox.add(a, push('a1'))
  inbox.add(a, { _tag: 'goodbye' })
  inbox.keepGoodbyes()
  expect(inbox.takeNext()?.message._tag).toBe('goodbye')
  expect(inbox.isEmpty).toBe(true)
})
