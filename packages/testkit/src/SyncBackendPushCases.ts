import * as Effect from 'effect/Effect'
import type { SyncBackendCase } from './SyncBackendCase.ts'
import {
  connect,
  endOf,
  eventsAfter,
  expectEqual,
  expectLog,
  positionOf,
  reasonOf,
  renumber,
  root,
} from './SyncBackendFixture.ts'

const accepted = (head: { readonly global: number; readonly eventId: string | null }) => ({ _tag: 'Accepted', head })

/** Cases about what a push is answered, in the order of the port's checks. */
export const pushCases: ReadonlyArray<SyncBackendCase> = [
  {
    name: 'push: a batch behind the head is accepted and pulled back as it was',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 3)
        expectEqual('answer', yield* a.push(events), accepted(endOf(events)))
        expectLog(yield* a.log(), events)
        expectEqual('head of ping', (yield* a.backend.ping).head, endOf(events))
      }),
  },
  {
    name: 'push: the same batch again is accepted, wherever it stands by now',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const first = eventsAfter(root, 3)
        const second = eventsAfter(endOf(first), 2)
        yield* a.pushAll(first)
        expectEqual('at the tail', yield* a.push(first), accepted(endOf(first)))
        yield* a.pushAll(second)
        expectEqual('further back', yield* a.push(first), accepted(endOf(second)))
        const moved = renumber(endOf(second), first)
        expectEqual('renumbered by its client', yield* a.push(moved), accepted(endOf(second)))
        expectLog(yield* a.log(), [...first, ...second])
      }),
  },
  {
    name: 'push: a known prefix at the tail is skipped, the rest appended',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 5)
        yield* a.pushAll(events.slice(0, 3))
        expectEqual('answer', yield* a.push(events.slice(1)), accepted(endOf(events)))
        expectLog(yield* a.log(), events)
      }),
  },
  {
    name: 'push: a known prefix that is the tail at another place is BackendAhead, not a changed history',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 3)
        yield* a.pushAll(log)
        const behind = renumber(root, log.slice(1))
        const moved = [...behind, ...eventsAfter(endOf(behind), 1)]
        expectEqual('answer', (yield* a.push(moved))._tag, 'BackendAhead')
        expectLog(yield* a.log(), log)
      }),
  },
  {
    name: 'push: any other mix with known ids is BackendAhead and stores nothing',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 4)
        yield* a.pushAll(log)
        const prefixInside = [...log.slice(0, 2), ...eventsAfter(positionOf(log[1]!), 1)]
        expectEqual('a known prefix that is not the tail', (yield* a.push(prefixInside))._tag, 'BackendAhead')
        const fresh = eventsAfter(endOf(log), 1)
        const known = renumber(endOf(fresh), [log[3]!])
        expectEqual('a known event behind a new one', (yield* a.push([...fresh, ...known]))._tag, 'BackendAhead')
        const swapped = renumber(root, [log[1]!, log[0]!])
        expectEqual('known events in another order', (yield* a.push(swapped))._tag, 'BackendAhead')
        expectLog(yield* a.log(), log)
      }),
  },
  {
    name: 'push: a known id with other content is rejected as DuplicateId, and nothing of its batch is stored',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 2)
        yield* a.pushAll(log)
        const { id } = log[0]!
        for (const other of [{ argsJson: '{"other":1}' }, { name: 'otherName' }, { clientId: 'client-b' }]) {
          const forged = eventsAfter(endOf(log), 1, { id, ...other })
          const batch = [...forged, ...eventsAfter(endOf(forged), 1)]
          const rejections = [{ eventId: id, reason: 'DuplicateId' }]
          expectEqual('answer', yield* a.push(batch), { _tag: 'Rejected', rejections })
        }
        expectLog(yield* a.log(), log)
      }),
  },
  {
    name: 'push: behind the head is BackendAhead with the head; `missing` is the complete tail or absent',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 6)
        yield* a.pushAll(log)
        for (const parent of [root, positionOf(log[2]!)]) {
          const answer = yield* a.push(eventsAfter(parent, 2, { clientId: 'client-b' }))
          expectEqual('tag', answer._tag, 'BackendAhead')
          if (answer._tag !== 'BackendAhead') continue
          expectEqual('head', answer.head, endOf(log))
          if (answer.missing !== undefined) expectLog(answer.missing, log.slice(parent.global), parent)
        }
        expectLog(yield* a.log(), log)
      }),
  },
  {
    name: 'push: a parent beyond the head, or another id at its position, is HistoryChanged with the head',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 3)
        const beyondRoot = yield* a.push(eventsAfter({ global: 1, eventId: 'nobody' }, 1))
        expectEqual('on an empty log', beyondRoot, { _tag: 'HistoryChanged', head: root })
        yield* a.pushAll(log)
        const changed = { _tag: 'HistoryChanged', head: endOf(log) }
        expectEqual('beyond', yield* a.push(eventsAfter({ global: 7, eventId: 'nobody' }, 1)), changed)
        expectEqual('at the head', yield* a.push(eventsAfter({ global: 3, eventId: 'nobody' }, 1)), changed)
        expectEqual('inside', yield* a.push(eventsAfter({ global: 2, eventId: 'nobody' }, 1)), changed)
        expectLog(yield* a.log(), log)
      }),
  },
  {
    name: 'push: a batch that is not contiguous, or holds an id twice, is a ProtocolError and stores nothing',
    needs: [],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const events = eventsAfter(root, 3)
        expectEqual('a gap', yield* reasonOf('a gap', a.push([events[0]!, events[2]!])), 'ProtocolError')
        const twice = [events[0]!, ...renumber(positionOf(events[0]!), [events[0]!])]
        expectEqual('an id twice', yield* reasonOf('an id twice', a.push(twice)), 'ProtocolError')
        expectEqual('no events', yield* reasonOf('no events', a.push([])), 'ProtocolError')
        expectLog(yield* a.log(), [])
      }),
  },
  {
    name: 'push: one refused event refuses its batch; the others are accepted without it',
    needs: ['refuse'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const [before, , after] = eventsAfter(root, 3)
        const [refused] = eventsAfter(positionOf(before!), 1, { name: 'refused' })
        const batch = renumber(root, [before!, refused!, after!])
        const rejections = [{ eventId: refused!.id, reason: 'refused' }]
        expectEqual('answer', yield* a.push(batch), { _tag: 'Rejected', rejections })
        expectLog(yield* a.log(), [])
        const rest = renumber(root, [before!, after!])
        expectEqual('the rest', yield* a.push(rest), accepted(endOf(rest)))
        expectLog(yield* a.log(), rest)
      }),
  },
  {
    name: 'push: checks keep their order: known ids before validation before the parent',
    needs: ['refuse'],
    run: (under, storeId) =>
      Effect.gen(function* () {
        const a = yield* connect(under.provider, storeId)
        const log = eventsAfter(root, 2)
        yield* a.pushAll(log)
        const refusedBehind = eventsAfter(root, 1, { name: 'refused' })
        expectEqual('validation before parent', (yield* a.push(refusedBehind))._tag, 'Rejected')
        const [forged] = eventsAfter(endOf(log), 1, { id: log[0]!.id, argsJson: '1' })
        const mixed = [forged!, ...eventsAfter(positionOf(forged!), 1, { name: 'refused' })]
        const rejections = [{ eventId: log[0]!.id, reason: 'DuplicateId' }]
        expectEqual('known ids before validation', yield* a.push(mixed), { _tag: 'Rejected', rejections })
        expectLog(yield* a.log(), log)
      }),
  },
]
