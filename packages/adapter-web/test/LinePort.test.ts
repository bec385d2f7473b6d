/** The relay's frames, over Node's BroadcastChannel. */
import { expect, test } from 'vitest'
import { relayChannel } from '../src/LeaderWire.ts'
import { type LinePort, type RelayFrame, relayLinePort } from '../src/LinePort.ts'

interface Heard {
  readonly messages: Array<unknown>
  closed: number
}

const hear = (port: LinePort): Heard => {
  const heard: Heard = { messages: [], closed: 0 }
  port.listen(
    (message) => heard.messages.push(message),
    () => heard.closed++,
  )
  return heard
}

const until = async (isReached: () => boolean): Promise<void> => {
  while (!isReached()) await new Promise((resolve) => setImmediate(resolve))
}

const pair = () => {
  const connection = crypto.randomUUID()
  const [leader, session] = [relayLinePort(connection, 'leader'), relayLinePort(connection, 'session')]
  /** Speaks as the session does. */
  const wire = new BroadcastChannel(relayChannel(connection))
  const frame = (given: RelayFrame): void => wire.postMessage(given)
  const end = (): void => {
    leader.close()
    session.close()
    wire.close()
  }
  return { leader, session, frame, end }
}

test('messages arrive whole and in order, both ways at once', async () => {
  const { leader, session, end } = pair()
  const [atLeader, atSession] = [hear(leader), hear(session)]
  const sent = Array.from({ length: 500 }, (_, n) => ({ n, bytes: new Uint8Array(n) }))
  for (const message of sent) {
    session.post(message, [message.bytes.buffer])
    leader.post(message)
  }
  await until(() => atLeader.messages.length >= 500 && atSession.messages.length >= 500)
  expect(atLeader.messages).toEqual(sent)
  expect(atSession.messages).toEqual(sent)
  end()
})

test('an end that closes says so, once; what comes behind is not heard', async () => {
  const { leader, session, frame, end } = pair()
  const heard = hear(leader)
  session.post('a')
  session.close()
  session.post('b')
  frame({ to: 'leader', n: 2, m: 'c' })
  await until(() => heard.closed > 0)
  expect(heard).toEqual({ messages: ['a'], closed: 1 })
  end()
})

test('a frame that is missing closes both ends; one that comes twice is dropped', async () => {
  const { leader, session, frame, end } = pair()
  const [atLeader, atSession] = [hear(leader), hear(session)]
  frame({ to: 'leader', n: 0, m: 'a' })
  frame({ to: 'leader', n: 0, m: 'a' })
  frame({ to: 'leader', n: 1, m: 'b' })
  frame({ to: 'leader', n: 3, m: 'd' })
  frame({ to: 'leader', n: 4, m: 'e' })
  await until(() => atLeader.closed > 0 && atSession.closed > 0)
  expect(atLeader).toEqual({ messages: ['a', 'b'], closed: 1 })
  expect(atSession.closed).toBe(1)
  end()
})
