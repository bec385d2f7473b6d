/**
 * An adapter and a backend with gates in them. Core's loops run as they are; what is held is a message between them.
 *
 * | Gate            | Port           | Holds                                                        |
 * | --------------- | -------------- | ------------------------------------------------------------ |
 * | `toLeader`      | `LeaderClient` | pushes from the session to its leader                        |
 * | `fromLeader`    | `LeaderClient` | feeds and statuses from the leader to the session            |
 * | `toBackend`     | `SyncBackend`  | a push, before the backend gets it                           |
 * | `backendAnswer` | `SyncBackend`  | the backend's answer to a push                               |
 * | `page`          | `SyncBackend`  | a pulled page that has events, before the leader gets it     |
 */
import type { SyncBackendProvider } from '@headwater/core'
import type { Adapter, LeaderClient } from '@headwater/core/adapter'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { type Gate, makeGate } from './Gate.ts'

export type GateName = 'toLeader' | 'fromLeader' | 'toBackend' | 'backendAnswer' | 'page'
export type Gates = Readonly<Record<GateName, Gate>>

export const makeGates = (): Gates => ({
  toLeader: makeGate(),
  fromLeader: makeGate(),
  toBackend: makeGate(),
  backendAnswer: makeGate(),
  page: makeGate(),
})

export const gatedAdapter = (adapter: Adapter, gates: Gates): Adapter => ({
  ...adapter,
  connect: async (context) => {
    const connection = await adapter.connect(context)
    return { ...connection, client: gatedClient(connection.client, gates) }
  },
})

const gatedClient = (client: LeaderClient, gates: Gates): LeaderClient => ({
  listen: ({ onMessage, onLost }) =>
    client.listen({
      onLost,
      onMessage: (message) => {
        // The leader's calls to the backend come this way too, and have gates of their own.
        if (message._tag === 'feed' || message._tag === 'status') gates.fromLeader.pass(() => onMessage(message))
        else onMessage(message)
      },
    }),
  send: (message, transfer) => {
    if (message._tag === 'push') gates.toLeader.pass(() => client.send(message, transfer))
    else client.send(message, transfer)
  },
  close: () => client.close(),
})

export const gatedBackend = (provider: SyncBackendProvider, gates: Gates): SyncBackendProvider => ({
  name: provider.name,
  make: (context) =>
    Effect.map(provider.make(context), (backend) => ({
      ...backend,
      push: (batch) =>
        Effect.promise(gates.toBackend.passed).pipe(
          Effect.andThen(backend.push(batch)),
          Effect.tap(() => Effect.promise(gates.backendAnswer.passed)),
        ),
      pull: (request) =>
        Stream.tap(backend.pull(request), (page) =>
          page.events.length > 0 ? Effect.promise(gates.page.passed) : Effect.void,
        ),
    })),
})
