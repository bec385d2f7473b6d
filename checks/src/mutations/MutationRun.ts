/** Puts faults into copies of the checkout, one at a time in each, and asks the suites. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type CheckoutCopy, checkout, copyCheckout } from './CheckoutCopy.ts'
import { mutate, type Mutation, MutationListError, type Suite, suiteName } from './Mutation.ts'
import { runSuite, runSuitesOf } from './SuiteRun.ts'

/** What became of one mutation. **Units** `seconds` of its suite with the fault in the code. */
export interface MutationVerdict {
  readonly mutation: Mutation
  readonly seconds: number
  readonly outcome:
    | { readonly _tag: 'caught'; readonly test: string }
    | { readonly _tag: 'survived'; readonly tests: number }
    /** Nothing was proved: the list or a suite is wrong. */
    | { readonly _tag: 'error'; readonly detail: string }
}

export interface MutationRunOptions {
  readonly mutations: ReadonlyArray<Mutation>
  /** Copies that work side by side. */
  readonly jobs: number
  readonly onBaseline: (suites: number, red: number) => void
  readonly onVerdict: (verdict: MutationVerdict) => void
}

/** Runs each mutation against its suite, after that suite was green without. **Shape** verdicts in the order of `mutations`. */
export const runMutations = async (options: MutationRunOptions): Promise<ReadonlyArray<MutationVerdict>> => {
  const { mutations, jobs, onBaseline, onVerdict } = options
  const suites = new Map(mutations.map(({ caughtBy }) => [suiteName(caughtBy), caughtBy]))
  const verdicts = new Map<Mutation, MutationVerdict>()
  const copies: Array<CheckoutCopy> = []
  try {
    for (let job = 0; job < Math.min(jobs, mutations.length); job++) copies.push(copyCheckout())
    const redBefore = await findRed(copies, [...suites.values()])
    onBaseline(suites.size, redBefore.size)
    await shareOut(copies, mutations, async (copy, mutation) => {
      const verdict = await judge(copy, mutation, redBefore.get(suiteName(mutation.caughtBy)))
      verdicts.set(mutation, verdict)
      onVerdict(verdict)
    })
  } finally {
    for (const copy of copies) copy.remove()
  }
  return mutations.flatMap((mutation) => verdicts.get(mutation) ?? [])
}

/** Suites that are not green without any fault, with what is wrong. */
const findRed = async (
  copies: ReadonlyArray<CheckoutCopy>,
  suites: ReadonlyArray<Suite>,
): Promise<ReadonlyMap<string, string>> => {
  const red = new Map<string, string>()
  const byFile = [...Map.groupBy(suites, ({ file }) => file)]
  await shareOut(copies, byFile, async ({ folder }, [file, ofFile]) => {
    const outcomes = await runSuitesOf(folder, file, ofFile)
    for (const [i, outcome] of outcomes.entries()) {
      const name = suiteName(ofFile[i]!)
      if (outcome._tag === 'failed') red.set(name, `red without the fault: ${outcome.test}: ${outcome.message}`)
      else if (outcome._tag === 'hung') red.set(name, 'hangs without the fault')
      else if (outcome._tag === 'unusable') red.set(name, `unusable without the fault: ${outcome.detail}`)
    }
  })
  return red
}

/** Every copy takes the next piece of work as soon as it is free. */
const shareOut = async <A>(
  copies: ReadonlyArray<CheckoutCopy>,
  work: ReadonlyArray<A>,
  run: (copy: CheckoutCopy, piece: A) => Promise<void>,
): Promise<void> => {
  const left = work.values()
  await Promise.all(
    copies.map(async (copy) => {
      for (const piece of left) await run(copy, piece)
    }),
  )
}

const judge = async (
  { folder }: CheckoutCopy,
  mutation: Mutation,
  redBefore: string | undefined,
): Promise<MutationVerdict> => {
  const startedAt = performance.now()
  const verdict = (outcome: MutationVerdict['outcome']): MutationVerdict => ({
    mutation,
    seconds: (performance.now() - startedAt) / 1000,
    outcome,
  })
  if (redBefore !== undefined) return verdict({ _tag: 'error', detail: redBefore })
  const file = path.join(folder, mutation.file)
  const original = readFileSync(file, 'utf8')
  try {
    writeFileSync(file, mutate(original, mutation))
    const outcome = await runSuite(folder, mutation.caughtBy)
    if (outcome._tag === 'failed') return verdict({ _tag: 'caught', test: outcome.test })
    if (outcome._tag === 'passed') return verdict({ _tag: 'survived', tests: outcome.tests })
    if (outcome._tag === 'hung') return verdict({ _tag: 'error', detail: 'the suite hung without failing a test' })
    return verdict({ _tag: 'error', detail: outcome.detail })
  } catch (error) {
    if (error instanceof MutationListError) return verdict({ _tag: 'error', detail: error.message })
    throw error
  } finally {
    writeFileSync(file, original)
  }
}

/** The text of a mutation's file in this checkout, with the fault. **Fails with** `MutationListError`. */
export const mutatedText = (mutation: Mutation): string =>
  mutate(readFileSync(path.join(checkout, mutation.file), 'utf8'), mutation)
