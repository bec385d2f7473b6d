import { expect, test } from 'vitest'
import { LeaderLease, leaseMs, stepMs, takeOverMs } from '../src/LeaderLease.ts'

/** A lock and a clock in a test's hands. */
const makeLease = () => {
  const world = { now: 0, isHeld: true, looks: 0, lost: 0 }
  const answers: Array<() => void> = []
  const lease = new LeaderLease({
    now: () => world.now,
    look: () => {
      world.looks++
      const { isHeld } = world
      return new Promise((resolve) => answers.push(() => resolve(isHeld)))
    },
    onLost: () => world.lost++,
  })
  const answer = async (): Promise<void> => {
    answers.shift()?.()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return { world, lease, answer }
}

test('what is done within the lease is done at once, and the lock is not looked at', () => {
  const { world, lease } = makeLease()
  const done: Array<number> = []
  for (world.now = 0; world.now < leaseMs; world.now += leaseMs / 4) lease.run(() => done.push(world.now))
  expect(done.length).toBe(4)
  expect(world.looks).toBe(0)
})

test('what comes later waits for one look, and keeps its order', async () => {
  const { world, lease, answer } = makeLease()
  world.now = leaseMs
  const done: Array<string> = []
  for (const each of ['a', 'b', 'c']) lease.run(() => done.push(each))
  expect(done).toEqual([])
  expect(world.looks).toBe(1)
  await answer()
  expect(done).toEqual(['a', 'b', 'c'])
  lease.run(() => done.push('d'))
  expect(done).toEqual(['a', 'b', 'c', 'd'])
})

test('a look counts from when it was asked: one that was answered too late is asked again', async () => {
  const { world, lease, answer } = makeLease()
  world.now = leaseMs
  let isDone = false
  lease.run(() => (isDone = true))
  // The worker is stopped between question and answer: in that time its lock may have been stolen.
  world.now += leaseMs
  await answer()
  expect(isDone).toBe(false)
  expect(world.looks).toBe(2)
  await answer()
  expect(isDone).toBe(true)
})

test('a worker that wakes up without its lock does nothing of what it has found, and is told once', async () => {
  const { world, lease, answer } = makeLease()
  world.now = takeOverMs
  world.isHeld = false
  let isDone = false
  lease.run(() => (isDone = true))
  await answer()
  lease.run(() => (isDone = true))
  lease.lose()
  expect(isDone).toBe(false)
  expect(world.lost).toBe(1)
  expect(lease.mayWrite()).toBe(false)
})

test('a long step may write, until nobody waits for it any more', () => {
  const { world, lease } = makeLease()
  world.now = stepMs - 1
  expect(lease.isValid).toBe(false)
  expect(lease.mayWrite()).toBe(true)
  world.now = stepMs
  expect(lease.mayWrite()).toBe(false)
})

test('a thief leaves more time than a lease lasts', () => expect(takeOverMs).toBeGreaterThan(leaseMs * 1.5))
