import { checkDurability } from './DurabilityCheck.ts'
import { foldLog, type History, type Violation } from './History.ts'
import { checkReads } from './ReadCheck.ts'
import { listNames } from './Workload.ts'

/**
 * Everything that is wrong with a history. Pure: the same history gives the same verdict.
 *
 * **Shape**  at most {@link perKindMax} violations of a kind and client: one cause shows in every later read.
 */
export const checkHistory = (history: History): ReadonlyArray<Violation> => {
  const violations = [...checkDurability(history), ...checkReads(history), ...checkEnds(history)]
  const counts = new Map<string, number>()
  return violations.filter(({ kind, client }) => {
    const key = `${kind} ${client}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
    return (counts.get(key) ?? 0) <= perKindMax
  })
}

const perKindMax = 3

/** In the end everybody is idle, shows what the server's log folds to, and no process has anything to say. */
const checkEnds = (history: History): ReadonlyArray<Violation> => {
  const log = history.serverSamples.at(-1)?.log ?? []
  const expected = JSON.stringify(foldLog(log, listNames))
  const ids = JSON.stringify(log.flatMap(({ entries }) => entries.map(({ value }) => value)))
  const violations: Array<Violation> = history.processProblems.map((detail) => ({
    kind: 'process',
    client: null,
    detail,
  }))
  for (const { client, idleAfterMs, state, lists, quarantined } of history.ends) {
    if (quarantined > 0) violations.push({ kind: 'diverged', client, detail: `${quarantined} events in quarantine` })
    if (idleAfterMs === null) {
      violations.push({ kind: 'wedged', client, detail: `not idle again: ${state}` })
      continue
    }
    if (lists === null) violations.push({ kind: 'diverged', client, detail: 'it did not tell what its tables have' })
    else if (JSON.stringify(lists) !== expected)
      violations.push({ kind: 'diverged', client, detail: differenceOf(lists, JSON.parse(expected) as typeof lists) })
    const files = history.clientSamples.filter((sample) => sample.client === client).at(-1)
    if (files !== undefined && JSON.stringify(files.logged) !== ids)
      violations.push({ kind: 'diverged', client, detail: "its eventlog is not the server's log" })
  }
  return violations
}

const differenceOf = (lists: Record<string, ReadonlyArray<string>>, expected: typeof lists): string => {
  for (const [name, values] of Object.entries(expected)) {
    const shown = lists[name] ?? []
    const i = values.findIndex((value, place) => shown[place] !== value)
    if (i >= 0) return `list ${name} has ${shown[i] ?? 'nothing'} at ${i}, the server's log folds to ${values[i]}`
    if (shown.length > values.length) return `list ${name} has ${shown[values.length]} beyond what the server has`
  }
  return 'its lists are others'
}
