import type { BenchResult } from './BenchResult.ts'
import { cellNumber } from './ResultTable.ts'
import type { Workload } from './Workload.ts'

const start = '<!-- bench: generated from here on -->'
const end = '<!-- bench: until here -->'

/** What a Markdown file needs, for messages. */
export const markersHint = `it needs the lines "${start}" and "${end}"`

export const hasBenchMarkers = (page: string): boolean => {
  const from = page.indexOf(start)
  return from !== -1 && page.indexOf(end, from) !== -1
}

/** The page with `generated` between its markers; the rest of it is written by hand and stays. */
export const withGenerated = (page: string, generated: string): string => {
  const from = page.indexOf(start) + start.length
  return `${page.slice(0, from)}\n\n${generated}\n\n${page.slice(page.indexOf(end, from))}`
}

/** What is between the markers. */
const generatedIn = (page: string): string => {
  const from = page.indexOf(start) + start.length
  return page.slice(from, page.indexOf(end, from)).trim()
}

const titleMark = '## '

/** Sections by their title, without what is in front of the first. */
const sectionsIn = (generated: string): ReadonlyMap<string, string> =>
  new Map(
    generated
      .split(new RegExp(`^(?=${titleMark})`, 'm'))
      .filter((part) => part.startsWith(titleMark))
      .map((part) => [part.slice(titleMark.length, part.indexOf('\n')), part.trim()]),
  )

export interface BenchUpdate {
  readonly header: ReadonlyArray<string>
  /** Those that ran. */
  readonly workloads: ReadonlyArray<Workload>
  readonly results: ReadonlyArray<BenchResult>
  /** Of all workloads, in order. */
  readonly names: ReadonlyArray<string>
}

/**
 * The page with the sections of some workloads anew, each with where and when it was measured, and their targets. What the
 * page says of others stays.
 */
export const withUpdated = (page: string, { header, workloads, results, names }: BenchUpdate): string => {
  const present = generatedIn(page)
  const measured = `_Measured by itself: ${header.join(';\n')}._`
  const sections = new Map(sectionsIn(present))
  const ran = new Set(results.map(nameOf))
  for (const workload of workloads.filter(({ name }) => ran.has(name)))
    sections.set(workload.name, `${workloadSection(workload, results)}\n\n${measured}`)
  const order = (name: string): number => names.indexOf(name)
  const targets = [
    ...rowsIn(sections.get(targetsTitle) ?? '').filter(([figure = '']) => !ran.has(workloadOf(figure))),
    ...targetRows(results),
  ].sort(([a = ''], [b = '']) => order(workloadOf(a)) - order(workloadOf(b)))
  const text = present.startsWith(titleMark) ? '' : present.split(new RegExp(`^(?=${titleMark})`, 'm'))[0]!.trim()
  const shown = names.flatMap((name) => sections.get(name) ?? [])
  return withGenerated(page, [text, targetsSection(targets), ...shown].join('\n\n'))
}

/** `commit` of `commit/median`. */
const workloadOf = (figure: string): string => figure.slice(0, figure.indexOf('/'))
const nameOf = ({ workload }: BenchResult): string => workloadOf(workload)

/** Of a Markdown table, without its head. */
const rowsIn = (section: string): ReadonlyArray<ReadonlyArray<string>> =>
  section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )

/** Everything that is generated: machine and versions, the targets, a table for each workload, nothing left out. */
export const benchDocs = (
  header: ReadonlyArray<string>,
  workloads: ReadonlyArray<Workload>,
  results: ReadonlyArray<BenchResult>,
): string =>
  [
    header.map((line) => `- ${line}`).join('\n'),
    targetsSection(targetRows(results)),
    ...workloads.map((workload) => workloadSection(workload, results)).filter((section) => section !== ''),
  ].join('\n\n')

const targetsTitle = 'Targets'
const isMet = 'met'

const targetRows = (results: ReadonlyArray<BenchResult>): ReadonlyArray<ReadonlyArray<string>> =>
  results
    .filter(({ met }) => met !== null)
    .map((row) => [row.workload, row.engine, row.target!, reached(row), row.met! ? isMet : '**missed**'])

const targetsSection = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const sum = `${rows.filter((row) => row.at(-1) === isMet).length} of ${rows.length} targets are met.`
  return `${titleMark}${targetsTitle}\n\n${sum}\n\n${markdownTable(['Figure', 'SQLite', 'Target', 'Reached', ''], rows)}`
}

const reached = (row: BenchResult): string =>
  row.target!.startsWith('median')
    ? `${cellNumber(row.median)} ${row.unit}`
    : `${cellNumber(row.ratio!)} × (${row.against})`

const heads = ['Figure', 'SQLite', 'Headwater', 'Spread', 'Against', 'Other', 'Headwater costs']

const workloadSection = ({ name, about, figures }: Workload, results: ReadonlyArray<BenchResult>): string => {
  const rows = results.filter(({ workload }) => workload.startsWith(`${name}/`))
  if (rows.length === 0) return ''
  const figureOf = (row: BenchResult): string => row.workload.slice(name.length + 1)
  const shown = new Set(rows.map(figureOf))
  const legend = figures
    .filter((figure) => shown.has(figure.name))
    .map((figure) => `- \`${figure.name}\`: ${figure.about}`)
    .join('\n')
  const table = markdownTable(
    heads,
    rows.map((row) => [figureOf(row), ...cellsOf(row)]),
  )
  return `## ${name}\n\n${sentence(about)}\n\n${table}\n\n${legend}`
}

const cellsOf = (row: BenchResult): ReadonlyArray<string> => [
  row.engine,
  `${cellNumber(row.median)} ${row.unit}`,
  row.runs === 1 ? 'one run' : `${cellNumber(row.spread * 100)} %`,
  row.against === null ? '' : row.against === 'livestore' ? 'LiveStore' : row.against,
  row.other === null
    ? ''
    : `${cellNumber(row.other)} ${row.unit}${row.otherRuns === 1 && row.runs > 1 ? ' (one run)' : ''}`,
  row.ratio === null ? '' : costText(row),
]

/** What costs more than at the other is set in bold: the cells that don't flatter us are the ones to look at. */
const costText = ({ ratio, target }: BenchResult): string => {
  const cost = target?.startsWith('gain') === true ? 1 / ratio! : ratio!
  // Growth can be none, or less.
  if (cost <= 0) return 'nothing'
  const times = cellNumber(Math.max(cost, 1 / cost))
  return times === '1' ? 'the same' : cost > 1 ? `**${times} × more**` : `${times} × less`
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`

/** As the formatter leaves it: every column as wide as its widest cell. */
const markdownTable = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
