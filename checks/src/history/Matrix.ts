import { seededRandom } from '@headwater/testkit/node'

/** What goes wrong in a round; `Chaos.ts` has what each does. */
export const faultKinds = ['kill', 'pause', 'partition', 'disconnect', 'server', 'flaky'] as const
export type FaultKind = (typeof faultKinds)[number]

/** Names of rounds as flags take them: one fault, or several joined by `+`. */
export const roundNames = [
  'none',
  'kill',
  'pause',
  'partition',
  'disconnect',
  'server',
  'flaky',
  'kill+partition',
  'kill+server',
  'pause+flaky',
  'disconnect+server',
  'kill+pause+partition+disconnect+server+flaky',
] as const

/** As in PowerSync's Jepsen tests. */
export const clientCounts = [5, 10] as const
/** Commits of all clients together. **Units** per second. */
export const rates = [10, 20, 40] as const
const secondsMin = 15
const secondsMax = 40

export interface RoundPlan {
  readonly name: string
  readonly faults: ReadonlyArray<FaultKind>
  readonly clients: number
  readonly rate: number
  /** How long clients commit and faults happen. */
  readonly seconds: number
  readonly seed: number
}

/** The faults that a name joins; `undefined` if there is no such fault. */
export const faultsOf = (name: string): ReadonlyArray<FaultKind> | undefined => {
  if (name === 'none') return []
  const parts = name.split('+')
  const faults = faultKinds.filter((kind) => parts.includes(kind))
  return faults.length === parts.length ? faults : undefined
}

/** What the flags leave open is drawn. */
export interface RoundChoice {
  readonly names: ReadonlyArray<string>
  readonly clients: number | undefined
  readonly rate: number | undefined
  readonly seconds: number | undefined
}

/** Rounds for ever: every cell of name × clients once, in an order of the seed's, then again in another. */
export const roundPlans = function* (seed: number, choice: RoundChoice): Generator<RoundPlan, never, void> {
  const random = seededRandom(seed)
  const oneOf = <A>(items: ReadonlyArray<A>): A => items[Math.floor(random() * items.length)]!
  for (;;) {
    const cells = choice.names.flatMap((name) =>
      (choice.clients === undefined ? clientCounts : [choice.clients]).map((clients) => ({ name, clients })),
    )
    for (const { name, clients } of shuffled(cells, random)) {
      const rate = oneOf(rates)
      const seconds = Math.round(secondsMin + random() * (secondsMax - secondsMin))
      yield {
        name,
        clients,
        faults: faultsOf(name) ?? [],
        rate: choice.rate ?? rate,
        seconds: choice.seconds ?? seconds,
        seed: Math.floor(random() * 1_000_000),
      }
    }
  }
}

/** The first of them, with that very seed: what {@link commandOf} asks for. */
export const onePlan = (seed: number, choice: RoundChoice): RoundPlan => ({
  ...roundPlans(seed, choice).next().value,
  seed,
})

const shuffled = <A>(items: ReadonlyArray<A>, random: () => number): ReadonlyArray<A> =>
  items
    .map((item) => ({ item, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)

/** The command that runs this round once more, as far as time allows it. */
export const commandOf = ({ name, clients, rate, seconds, seed }: RoundPlan): string =>
  `pnpm check:history --round ${name} --clients ${clients} --rate ${rate} --seconds ${seconds} --seed ${seed}`
