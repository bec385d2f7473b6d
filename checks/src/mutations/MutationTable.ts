import type { MutationVerdict } from './MutationRun.ts'

const heads = ['Mutation', 'What users would see', 'File', 'Caught by', 'Seconds']

/** A Markdown table with one row for each mutation, and what it would do to users. */
export const mutationTable = (verdicts: ReadonlyArray<MutationVerdict>): string =>
  markdown([heads, ...verdicts.map(rowOf)])

const rowOf = ({ mutation, outcome, seconds }: MutationVerdict): ReadonlyArray<string> =>
  [
    mutation.name,
    mutation.why,
    `\`${mutation.file.replace(/^packages\//, '')}\``,
    verdictText(outcome),
    seconds.toFixed(1),
  ].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '))

/** One line for a verdict. */
export const verdictText = (outcome: MutationVerdict['outcome']): string => {
  if (outcome._tag === 'caught') return outcome.test
  if (outcome._tag === 'survived') return `SURVIVED ${outcome.tests} tests`
  return `ERROR ${outcome.detail}`
}

/** The line that counts them. */
export const proofLine = (verdicts: ReadonlyArray<MutationVerdict>): string => countLine(verdicts.map(rowOf))

const countLine = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const told = rows.map((row) => row[verdictColumn]!)
  const survived = told.filter((text) => text.startsWith('SURVIVED ')).length
  const errors = told.filter((text) => text.startsWith('ERROR ')).length
  const caught = told.length - survived - errors
  return `PROOF mutations=${told.length} mutations_caught=${caught} mutations_survived=${survived} mutations_errors=${errors}`
}

const verdictColumn = heads.indexOf('Caught by')

/**
 * The page that is kept in the repository, in the order of `names`. Of mutations that did not run the rows of `present`,
 * the page as it is, stay.
 */
export const mutationPage = (
  verdicts: ReadonlyArray<MutationVerdict>,
  names: ReadonlyArray<string>,
  present = '',
): string => {
  const rows = new Map([...rowsIn(present), ...verdicts.map(rowOf)].map((row) => [row[0]!, row]))
  const shown = names.flatMap((name) => (rows.has(name) ? [rows.get(name)!] : []))
  return `# Seeded faults\n\nMade by \`pnpm check:mutations --write docs/mutations.md\`: each fault is put into a copy of the code, alone, and the\nsuite beside it has to fail. A name ends where the run ended: at the first test that failed.\n\n${markdown([heads, ...shown])}\n\n\`${countLine(shown)}\`\n`
}

/** Cells stay escaped as they are. */
const rowsIn = (page: string): ReadonlyArray<ReadonlyArray<string>> =>
  page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

const markdown = (cells: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const [head, ...body] = cells
  return [line(head!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n')
}
