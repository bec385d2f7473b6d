import { type ColdStart, coldLogs, unsyncedPlace } from './ColdStart.ts'
import { median } from './Statistics.ts'
import type { Measurement } from './Workload.ts'

/** A platform that starts an app anew, again and again. */
export interface ColdStarts {
  /** Makes the stores of {@link coldLogs} and {@link unsyncedPlace}. */
  readonly make: () => Promise<void>
  /** Starts the app with the store at that place, which is made if it is not there. */
  readonly start: (place: string) => Promise<ColdStart>
}

/** A browser keeps compiled code from the third load of a page on. */
const warmUps = 3
const times = 5

/**
 * Starts an app with stores of each kind, in turns.
 *
 * **Shape** figures `empty`, those of {@link coldLogs} and `unsynced` (ms, medians); each also with `SinceStart`; `first` and
 * `firstSinceStart`: the very first start, with an empty store.
 */
export const measureColdStarts = async ({ make, start }: ColdStarts): Promise<Measurement> => {
  const first = await start('first')
  await make()
  const places = [...Object.keys(coldLogs), unsyncedPlace]
  const started = new Map<string, Array<ColdStart>>()
  for (let time = 0; time < warmUps + times; time++) {
    const turn = new Map([['empty', await start(`empty-${time}`)]])
    for (const place of places) turn.set(place, await start(place))
    if (time >= warmUps) for (const [kind, one] of turn) started.set(kind, [...(started.get(kind) ?? []), one])
  }
  const figures: Record<string, number> = { first: first.ms, firstSinceStart: first.sinceStart }
  for (const [kind, all] of started) {
    figures[kind] = median(all.map(({ ms }) => ms))
    figures[`${kind}SinceStart`] = median(all.map(({ sinceStart }) => sinceStart))
  }
  return { figures, checksum: checksumOf(started, places) }
}

/** **Fails with** `Error` if a store was not the same each time, or logs of different lengths did not lead to the same rows. */
const checksumOf = (started: ReadonlyMap<string, ReadonlyArray<ColdStart>>, places: ReadonlyArray<string>): string => {
  const checksums = places.map((place) => {
    const each = new Set(started.get(place)!.map(({ checksum }) => checksum))
    if (each.size !== 1) throw new Error(`${place} was not the same each time: ${[...each].join(', ')}`)
    return [...each].join()
  })
  const ofLogs = new Set(checksums.slice(0, Object.keys(coldLogs).length))
  if (ofLogs.size !== 1) throw new Error(`the stores differ: ${[...ofLogs].join(', ')}`)
  return `${[...ofLogs].join()}-${checksums.at(-1)}`
}
