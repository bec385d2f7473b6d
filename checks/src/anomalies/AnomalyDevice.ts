import type { LeaderStorage, SqliteConnection } from '@headwater/core/adapter'

/** `once`: the nth operation fails and those behind it work. `lasting`: all from the nth on fail, until repaired. */
export type FaultDuration = 'once' | 'lasting'

/** Where a client's databases are kept, and how keeping them fails. One per run. */
export interface AnomalyDevice {
  /** The files as a new leader gets them. */
  readonly storage: () => LeaderStorage
  /** A session's own database, in memory. */
  readonly openDatabase: (image?: Uint8Array) => SqliteConnection
  /** From here on operations that the fault can hit are counted, and the nth fails. **Shape** counts from 1. */
  readonly arm: (fault: string, n: number, duration: FaultDuration) => void
  /** No fault any more, and no counting. */
  readonly repair: () => void
  /** What failed, in words; `null` as long as nothing has. */
  readonly hit: () => string | null
  /** Damages the closed eventlog so that `text`, which a settled event has, cannot be read any more. */
  readonly spoilEventlog: (text: string) => void
  readonly removeState: () => void
  /** Both databases, for looking only, once nobody has them open. */
  readonly look: <A>(look: (files: { readonly eventlog: SqliteConnection; readonly state: SqliteConnection }) => A) => A
  readonly dispose: () => void
}

export interface DeviceKind {
  readonly name: 'wasm' | 'node'
  /** Each with the durations that make sense. */
  readonly faults: Readonly<Record<string, ReadonlyArray<FaultDuration>>>
  readonly make: () => AnomalyDevice
}

/** Overwrites the header of each leaf page that has this text in it, so that SQLite finds it malformed. */
export const spoilPagesWith = (bytes: Uint8Array, text: string): Uint8Array => {
  const spoiled = Buffer.from(bytes)
  const [leafOfIndex, pageBytes] = [0x0a, 4096]
  let count = 0
  for (let at = spoiled.indexOf(text); at >= 0; at = spoiled.indexOf(text, at + 1)) {
    const page = Math.floor(at / pageBytes) * pageBytes
    if (spoiled[page] !== leafOfIndex) continue
    spoiled.fill(0xee, page, page + 200)
    count++
  }
  if (count === 0) throw new Error(`no page holds ${text}`)
  return spoiled
}
