/**
 * What a client may see, read by read: its own writes from the moment their commit returned, in their order; of each
 * group all or nothing; what was settled once, for ever, at the same place; nothing refused, nothing invented.
 */
import { type History, type LoggedEntries, type Operation, type Violation, type ViolationKind } from './History.ts'
import { repeated } from './DurabilityCheck.ts'
import { type Lists, originOf, type ValueOrigin } from './Workload.ts'

/** What the log's settled prefix makes of each list, with the position of each value. */
type Settled = ReadonlyMap<string, ReadonlyArray<{ readonly value: string; readonly global: number }>>

const settledOf = (log: ReadonlyArray<LoggedEntries>): Settled => {
  const lists = new Map<string, Array<{ readonly value: string; readonly global: number }>>()
  for (const { global, entries } of log)
    for (const { list, value } of entries) {
      const values = lists.get(list) ?? []
      values.push({ value, global })
      lists.set(list, values)
    }
  return lists
}

/** What one client has to see at this point. */
interface ClientView {
  readonly client: number
  /** Values of commits that returned, by group. */
  readonly writes: Map<string, { readonly values: ReadonlyArray<string>; readonly life: number; isPersisted: boolean }>
  readonly invoked: Map<string, ReadonlyArray<string>>
  readonly rejected: Set<string>
  settled: number
}

type Report = (kind: ViolationKind, detail: string) => void

export const checkReads = (history: History): ReadonlyArray<Violation> => {
  const log = history.serverSamples.at(-1)?.log ?? []
  const settled = settledOf(log)
  const inServer = new Set(log.flatMap(({ entries }) => entries.map(({ value }) => value)))
  const violations: Array<Violation> = []
  for (let client = 0; client < history.clients; client++) {
    const view: ClientView = { client, writes: new Map(), invoked: new Map(), rejected: new Set(), settled: 0 }
    history.operations.forEach((operation, step) => {
      if (operation.client !== client) return
      follow(view, operation)
      if (operation.is !== 'read') return
      const report: Report = (kind, detail) => violations.push({ kind, client, detail: `at step ${step}: ${detail}` })
      checkOwnWrites(view, operation.lists, report)
      checkSettled(view, operation.lists, operation.settled, settled, report)
      checkRest(view, operation.lists, operation.settled, settled, inServer, report)
      checkGroups(operation.lists, report)
    })
  }
  return violations
}

const follow = (view: ClientView, operation: Operation): void => {
  switch (operation.is) {
    case 'committing':
      view.invoked.set(
        operation.group,
        operation.entries.map(({ value }) => value),
      )
      return
    case 'committed':
      view.writes.set(operation.group, {
        values: view.invoked.get(operation.group) ?? [],
        life: operation.life,
        isPersisted: false,
      })
      return
    case 'persisted':
    case 'confirmed': {
      const write = view.writes.get(operation.group)
      if (write !== undefined) write.isPersisted = true
      return
    }
    case 'rejected':
      view.rejected.add(operation.group)
      return
    case 'opened':
      // What was not persisted may have gone with the process.
      for (const [group, { isPersisted, life }] of view.writes)
        if (!isPersisted && life < operation.life) view.writes.delete(group)
      return
    case 'read':
      return
  }
}

const checkOwnWrites = (view: ClientView, lists: Lists, report: Report): void => {
  const seen = new Set(Object.values(lists).flat())
  for (const [group, { values }] of view.writes) {
    // A refused group may go at any moment before its rejection is told.
    if (group.endsWith('!')) continue
    const missing = values.find((value) => !seen.has(value))
    if (missing !== undefined) return report('stale-read', `${missing}, its own, is not there`)
  }
}

const checkSettled = (view: ClientView, lists: Lists, head: number, settled: Settled, report: Report): void => {
  if (head < view.settled) report('settled-changed', `the settled head went back from ${view.settled} to ${head}`)
  view.settled = Math.max(view.settled, head)
  for (const [list, values] of settled) {
    const shown = lists[list] ?? []
    for (const [i, { value, global }] of values.entries()) {
      if (global > head) break
      if (shown[i] === value) continue
      const place = shown.indexOf(value)
      if (place < 0) report('settled-changed', `${value}, settled at ${global}, is not in list ${list}`)
      else report('reordered', `${value}, settled at ${global}, is at ${place} of list ${list} instead of ${i}`)
      break
    }
  }
}

/** Behind the settled prefix: own values in the order of their commits, and others only if the server has them. */
const checkRest = (
  view: ClientView,
  lists: Lists,
  head: number,
  settled: Settled,
  inServer: ReadonlySet<string>,
  report: Report,
): void => {
  for (const [list, values] of Object.entries(lists)) {
    for (const twice of repeated(values)) report('duplicated', `${twice} is twice in list ${list}`)
    const from = (settled.get(list) ?? []).filter(({ global }) => global <= head).length
    let last: ValueOrigin | undefined
    for (const value of values.slice(from)) {
      const origin = originOf(value)
      if (origin === undefined || (origin.client !== view.client && !inServer.has(value))) {
        report(origin?.isRefused === true ? 'refusal' : 'phantom', `nobody has put ${value} into list ${list}`)
        continue
      }
      if (origin.client !== view.client) continue
      if (view.rejected.has(origin.group)) report('refusal', `${value} is there, and was rejected before`)
      if (last !== undefined && isBefore(origin, last)) report('reordered', `${value} stands behind ${nameOf(last)}`)
      last = origin
    }
  }
}

const isBefore = (one: ValueOrigin, other: ValueOrigin): boolean =>
  one.life - other.life < 0 ||
  (one.life === other.life &&
    (one.number - other.number < 0 || (one.number === other.number && one.index < other.index)))

const nameOf = ({ group, index, size }: ValueOrigin): string => `${group}:${index}/${size}`

const checkGroups = (lists: Lists, report: Report): void => {
  const counts = new Map<string, { size: number; seen: number }>()
  for (const value of Object.values(lists).flat()) {
    const origin = originOf(value)
    if (origin === undefined || origin.size === 1) continue
    const count = counts.get(origin.group) ?? { size: origin.size, seen: 0 }
    count.seen++
    counts.set(origin.group, count)
  }
  for (const [group, { size, seen }] of counts)
    if (seen < size) report('torn', `${seen} of the ${size} values of ${group} are there`)
}
