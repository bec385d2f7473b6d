/**
 * Where a reader stands in a shape's log.
 *
 * | Text               | Stands                                                                         |
 * | ------------------ | ------------------------------------------------------------------------------ |
 * | `-1`               | before everything                                                              |
 * | `0_0`, `0_1`, …    | behind that chunk of the snapshot                                              |
 * | `0_inf`            | behind the snapshot                                                            |
 * | `<lsn>_<position>` | behind that change of the transaction whose commit has this LSN                |
 * | `now`              | behind everything                                                              |
 */
export interface ElectricOffset {
  readonly tx: bigint
  /** `Infinity` behind the snapshot. */
  readonly op: number
}

export const snapshotEnd: ElectricOffset = { tx: 0n, op: Infinity }

/** `undefined` for what is none; `-1` and `now` are none of these. */
export const readOffset = (text: string): ElectricOffset | undefined => {
  const [, tx, op] = /^(\d+)_(\d+|inf)$/.exec(text) ?? []
  if (tx === undefined || op === undefined) return undefined
  return { tx: BigInt(tx), op: op === 'inf' ? Infinity : Number(op) }
}

export const offsetText = ({ tx, op }: ElectricOffset): string => `${tx}_${op === Infinity ? 'inf' : op}`

export const isBefore = (a: ElectricOffset, b: ElectricOffset): boolean => (a.tx === b.tx ? a.op < b.op : a.tx < b.tx)
