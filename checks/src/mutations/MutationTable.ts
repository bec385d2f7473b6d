import type { MutationVerdict } from './MutationRun.ts'

/** A Markdown table with one row for each mutation, and what it would do to users. */
export const mutationTable = (verdicts: ReadonlyArray<MutationVerdict>): string => {
  const rows = verdicts.map(({ mutation, outcome, seconds }) => [
    mutation.name,
    mutation.why,
    `\`${mutation.file.replace(/^packages\//, '')}\``,
    verdictText(outcome),
    seconds.toFixed(1),
  ])
  return markdown([['Mutation', 'What users would see', 'File', 'Caught by', 'Seconds'], ...rows])
}

/** One line for a verdict. */
export const verdictText = (outcome: MutationVerdict['outcome']): string => {
  if (outcome._tag === 'caught') return outcome.test
  if (outcome._tag === 'survived') return `SURVIVED ${outcome.tests} tests`
  return `ERROR ${outcome.detail}`
}

/** The line that counts them. */
export const proofLine = (verdicts: ReadonlyArray<MutationVerdict>): string => {
  const count = (tag: MutationVerdict['outcome']['_tag']) =>
    verdicts.filter(({ outcome }) => outcome._tag === tag).length
  return `PROOF mutations=${verdicts.length} mutations_caught=${count('caught')} mutations_survived=${count('survived')} mutations_errors=${count('error')}`
}

/** The page that is kept in the repository. */
export const mutationPage = (verdicts: ReadonlyArray<MutationVerdict>): string =>
  `# Seeded faults\n\nMade by \`pnpm check:mutations --write docs/mutations.md\`: each fault is put into a copy of the code, alone, and the\nsuite beside it has to fail. A name ends where the run ended: at the first test that failed.\n\n${mutationTable(verdicts)}\n\n\`${proofLine(verdicts)}\`\n`

const markdown = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')))
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const [head, ...body] = cells
  return [line(head!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n')
}
