/** Where a fault is expected to be seen. */
export interface Suite {
  /** A vitest file, relative to the checkout. */
  readonly file: string
  /** Part of the names of the tests to run; absent for the whole file. */
  readonly test?: string
}

/** One seeded fault in product code, and who has to see it. */
export interface Mutation {
  /** Words with hyphens, unique. */
  readonly name: string
  /** What users would see. */
  readonly why: string
  /** Relative to the checkout. */
  readonly file: string
  /** Exact text; occurs once in the file, whatever else is changed there. */
  readonly find: string
  readonly replace: string
  /** The smallest suite that has to fail. */
  readonly caughtBy: Suite
}

/** The list does not fit the code (any more): nothing was proved. */
export class MutationListError extends Error {
  constructor(mutation: Pick<Mutation, 'name'>, problem: string) {
    super(`${mutation.name}: ${problem}`)
    this.name = 'MutationListError'
  }
}

/** The file's text with the fault in it. **Fails with** `MutationListError` unless `find` occurs exactly once. */
export const mutate = (text: string, mutation: Mutation): string => {
  const { find, replace, file } = mutation
  const first = text.indexOf(find)
  if (first < 0) throw new MutationListError(mutation, `\`find\` does not occur in ${file}; update the mutation`)
  if (text.indexOf(find, first + 1) >= 0)
    throw new MutationListError(mutation, `\`find\` occurs more than once in ${file}; make it longer`)
  return text.slice(0, first) + replace + text.slice(first + find.length)
}

/** One text for a suite, to tell suites apart and for people. */
export const suiteName = ({ file, test }: Suite): string => (test === undefined ? file : `${file} -t "${test}"`)
