/** Nothing acknowledged is lost, nothing is there twice, and what was refused is nowhere but in its dead letters. */
import type { ClientSample, History, LoggedEntries, Violation } from './History.ts'
import { originOf } from './Workload.ts'

interface Told {
  readonly client: number
  readonly step: number
  readonly values: ReadonlyArray<string>
  readonly group: string
}

type Outcome = 'committed' | 'persisted' | 'confirmed' | 'rejected'

/** Every group that a client was told this of, with the step at which the checker heard. */
export const toldOf = ({ operations }: History, outcome: Outcome): ReadonlyArray<Told> => {
  const valuesOf = new Map<string, ReadonlyArray<string>>()
  for (const operation of operations)
    if (operation.is === 'committing')
      valuesOf.set(
        operation.group,
        operation.entries.map(({ value }) => value),
      )
  return operations.flatMap((operation, step) =>
    operation.is === outcome
      ? [{ client: operation.client, step, group: operation.group, values: valuesOf.get(operation.group) ?? [] }]
      : [],
  )
}

const isRefusedGroup = (group: string): boolean => group.endsWith('!')
const valuesIn = (log: ReadonlyArray<LoggedEntries>): ReadonlyArray<string> =>
  log.flatMap(({ entries }) => entries.map(({ value }) => value))

export const checkDurability = (history: History): ReadonlyArray<Violation> => [
  ...checkServerLog(history),
  ...checkConfirmed(history),
  ...checkPersisted(history),
  ...checkRefused(history),
]

/** Append-only, without gaps, each event and each value once. */
const checkServerLog = ({ serverSamples }: History): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const log = serverSamples.at(-1)?.log ?? []
  log.forEach(({ global }, i) => {
    if (global !== i + 1) violations.push({ kind: 'lost', client: null, detail: `the log has ${global} at ${i + 1}` })
  })
  for (const twice of repeated([...log.map(({ id }) => id), ...valuesIn(log)]))
    violations.push({ kind: 'duplicated', client: null, detail: `${twice} is in the server's log twice` })
  for (const sample of serverSamples) {
    const changed = sample.log.find(({ id }, i) => log[i]?.id !== id)
    if (changed !== undefined)
      violations.push({
        kind: 'settled-changed',
        client: null,
        detail: `event ${changed.global} of the server's log was another one at step ${sample.step}`,
      })
  }
  return violations
}

/** The items that occur more than once. */
export const repeated = (items: ReadonlyArray<string>): ReadonlyArray<string> => {
  const seen = new Set<string>()
  return items.filter((item) => seen.size === seen.add(item).size)
}

/** `confirmed` → in the server's log at every later time. */
const checkConfirmed = (history: History): ReadonlyArray<Violation> => {
  const samples = history.serverSamples.map(({ step, log }) => ({ step, values: new Set(valuesIn(log)) }))
  return toldOf(history, 'confirmed').flatMap(({ client, step, values, group }): ReadonlyArray<Violation> => {
    if (isRefusedGroup(group))
      return [{ kind: 'refusal', client, detail: `${group} was confirmed, and the server refuses it` }]
    const missing = samples
      .filter((sample) => sample.step > step)
      .flatMap((sample) => values.filter((value) => !sample.values.has(value)).map((value) => ({ value, sample })))
    return missing.slice(0, 1).map(({ value, sample }) => ({
      kind: 'lost',
      client,
      detail: `${value}, confirmed at step ${step}, is not in the server's log at step ${sample.step}`,
    }))
  })
}

/** `persisted` → in the client's log or dead letters at every later time, and in the end in the server's log. */
const checkPersisted = (history: History): ReadonlyArray<Violation> => {
  const inServer = new Set(valuesIn(history.serverSamples.at(-1)?.log ?? []))
  const wedged = new Set(history.ends.filter(({ idleAfterMs }) => idleAfterMs === null).map(({ client }) => client))
  const samples = history.clientSamples.map((sample) => ({
    ...sample,
    values: new Set([...sample.logged, ...sample.dead]),
  }))
  return toldOf(history, 'persisted').flatMap(({ client, step, values, group }): ReadonlyArray<Violation> => {
    for (const value of values) {
      const missing = samples.find((each) => each.client === client && each.step > step && !each.values.has(value))
      if (missing !== undefined)
        return [
          {
            kind: 'lost',
            client,
            detail: `${value}, persisted at step ${step}, is not in its files at ${missing.step}`,
          },
        ]
      // A client that never got through still has it in its own log, which was looked at above.
      if (!isRefusedGroup(group) && !wedged.has(client) && !inServer.has(value))
        return [{ kind: 'lost', client, detail: `${value}, persisted at step ${step}, never got to the server` }]
    }
    return []
  })
}

const checkRefused = (history: History): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const report = (client: number | null, detail: string) => violations.push({ kind: 'refusal', client, detail })
  for (const value of valuesIn(history.serverSamples.at(-1)?.log ?? []))
    if (originOf(value)?.isRefused === true) report(null, `${value} is in the server's log, which refuses it`)
  for (const { client, group } of toldOf(history, 'rejected'))
    if (!isRefusedGroup(group)) report(client, `${group} was rejected, and the server takes it`)
  for (const sample of lastSamples(history)) {
    for (const value of sample.dead) {
      const origin = originOf(value)
      if (origin?.client !== sample.client || !origin.isRefused)
        report(sample.client, `${value} is among the dead letters, where it does not belong`)
    }
    const end = history.ends.find(({ client }) => client === sample.client)
    if (end === undefined || end.idleAfterMs === null) continue
    const dead = new Set(sample.dead)
    for (const { client, group, values } of toldOf(history, 'persisted'))
      if (client === sample.client && isRefusedGroup(group) && !values.every((value) => dead.has(value)))
        report(client, `${group} was persisted and refused, and is not among the dead letters`)
  }
  return violations
}

const lastSamples = ({ clientSamples }: History): ReadonlyArray<ClientSample> => [
  ...new Map(clientSamples.map((sample) => [sample.client, sample])).values(),
]
