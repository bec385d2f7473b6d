/** What a run prints: a line per round, a table in the end, and the counts. */
import type { ViolationKind } from './History.ts'
import { commandOf } from './Matrix.ts'
import type { RoundResult } from './Round.ts'

const lostKinds: ReadonlyArray<ViolationKind> = ['lost', 'duplicated', 'settled-changed']

const has = ({ violations }: RoundResult, kinds: ReadonlyArray<ViolationKind>): number =>
  violations.filter(({ kind }) => kinds.includes(kind)).length

export const roundLine = (number: number, result: RoundResult): string => {
  const { plan, events, acknowledged, reads, faults, idleAfterMs, violations } = result
  const idle = idleAfterMs === null ? 'NOT IDLE' : `idle after ${idleAfterMs} ms`
  return [
    `round ${number}: ${plan.name}`,
    `${plan.clients} clients, ${plan.rate}/s, ${plan.seconds} s`,
    `${events} events, ${acknowledged} commits acknowledged, ${reads} reads`,
    `${faults} faults`,
    idle,
    violations.length === 0 ? 'sound' : `${violations.length} VIOLATIONS`,
  ].join(' · ')
}

/** Every violation of a round, and how to have the round once more. */
export const violationLines = (result: RoundResult, folder: string): string =>
  [
    ...result.violations.map(({ kind, client, detail }) =>
      [`  ${kind}`, client === null ? '' : ` at client ${client}`, `: ${detail}`].join(''),
    ),
    `  files: ${folder}`,
    `  again: ${commandOf(result.plan)}`,
  ].join('\n')

export const matrixTable = (results: ReadonlyArray<RoundResult>): string => {
  const cells = new Map<string, Array<RoundResult>>()
  for (const result of results) {
    const key = `${result.plan.name} ${String(result.plan.clients).padStart(3)}`
    cells.set(key, [...(cells.get(key) ?? []), result])
  }
  const sum = (items: ReadonlyArray<RoundResult>, of: (result: RoundResult) => number): string =>
    String(items.reduce((total, result) => total + of(result), 0))
  const rows = [...cells]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, items]) => [
      items[0]!.plan.name,
      String(items[0]!.plan.clients),
      String(items.length),
      sum(items, ({ faults }) => faults),
      sum(items, ({ acknowledged }) => acknowledged),
      sum(items, (result) => has(result, lostKinds)),
      sum(items, (result) => has(result, ['wedged'])),
      sum(items, (result) => result.violations.length),
      String(Math.max(...items.map(({ idleAfterMs }) => idleAfterMs ?? Infinity))),
    ])
  const head = ['faults', 'clients', 'runs', 'injected', 'acknowledged', 'lost', 'wedged', 'violations', 'idle ms max']
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n')
}

export const proofLine = (results: ReadonlyArray<RoundResult>, seed: number): string => {
  const sum = (of: (result: RoundResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  return `PROOF ${[
    `history_runs=${results.length}`,
    `history_faults=${sum(({ faults }) => faults)}`,
    `history_acknowledged=${sum(({ acknowledged }) => acknowledged)}`,
    `history_reads=${sum(({ reads }) => reads)}`,
    `history_lost=${sum((result) => has(result, lostKinds))}`,
    `history_wedged=${sum((result) => has(result, ['wedged']))}`,
    `history_violations=${sum(({ violations }) => violations.length)}`,
    `seed=${seed}`,
  ].join(' ')}`
}
