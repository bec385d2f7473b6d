import type { BenchResult } from './BenchResult.ts'

const heads = ['workload', 'sqlite', 'median', 'unit', 'spread', 'against', 'other', 'ratio', 'target', 'met'] as const

/** Three significant digits, thousands grouped. */
export const cellNumber = (value: number): string =>
  value.toLocaleString('en', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 })

const cellsOf = (result: BenchResult): ReadonlyArray<string> => [
  result.workload,
  result.engine,
  cellNumber(result.median),
  result.unit,
  `${cellNumber(result.spread * 100)} %`,
  result.against ?? '–',
  result.other === null
    ? '–'
    : `${cellNumber(result.other)}${result.otherRuns === 1 && result.runs > 1 ? ' (1 run)' : ''}`,
  result.ratio === null ? '–' : `${cellNumber(result.ratio)} ×`,
  result.target ?? '–',
  result.met === null ? '–' : result.met ? 'yes' : 'NO',
]

/** The results as aligned plain text. */
export const resultTable = (results: ReadonlyArray<BenchResult>): string => {
  const rows = [heads, ...results.map(cellsOf)]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const isNumber = new Set([2, 4, 6, 7])
  const line = (row: ReadonlyArray<string>): string =>
    row
      .map((cell, i) => (isNumber.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(rows[0]!), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.slice(1).map(line)].join('\n')
}
