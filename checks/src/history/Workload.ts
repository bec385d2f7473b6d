/**
 * What the clients of a history do: append unique values to a few lists. The place of a value in its list is the number
 * of values before it when its event was applied, so that every anomaly of order, loss or repetition shows in a read.
 *
 * A value is `client.life.number[!]:index/size`: the group of values that one commit writes, with `!` if the server
 * refuses it, then which one of the group it is. So any value found anywhere says where it comes from and what else
 * must be there.
 */
import { column, defineEvent, defineSchema, type EventInput, Schema, type Store, table } from '@headwater/core'

export const storeId = 'history'
export const listNames = ['a', 'b', 'c', 'd', 'e'] as const

/** One value on its way into one list. */
export interface Entry {
  readonly list: string
  readonly value: string
}

/** Contents of every list, by its name. */
export type Lists = Readonly<Record<string, ReadonlyArray<string>>>

export const entries = table('entries', {
  place: column.text().primaryKey(),
  list: column.text(),
  position: column.integer(),
  value: column.text(),
})

export const appended = defineEvent(
  'appended',
  Schema.Struct({
    entries: Schema.Array(Schema.Struct({ list: Schema.String, value: Schema.String })),
    isRefused: Schema.Boolean,
  }),
)

export const schema = defineSchema({
  version: 1,
  tables: { entries },
  events: { appended },
  materializers: {
    appended: (event, { query }) => {
      const next = new Map<string, number>()
      return event.entries.map(({ list, value }) => {
        const position = next.get(list) ?? query(entries.where({ list }).count())
        next.set(list, position + 1)
        return entries.insert({ place: `${list}/${position}`, list, position, value })
      })
    },
  },
})

export const readLists = (store: Store): Lists => {
  const lists: Record<string, Array<string>> = {}
  for (const name of listNames) lists[name] = []
  for (const { list, value } of store.query(entries.orderBy('position'))) lists[list]?.push(value)
  return lists
}

/** What a value says of itself. */
export interface ValueOrigin {
  readonly group: string
  readonly client: number
  readonly life: number
  readonly number: number
  readonly isRefused: boolean
  readonly index: number
  readonly size: number
}

const valuePattern = /^((\d+)\.(\d+)\.(\d+)(!?)):(\d+)\/(\d+)$/

/** **Fails with** `undefined` for what no client wrote. */
export const originOf = (value: string): ValueOrigin | undefined => {
  const [, group, client, life, number, mark, index, size] = valuePattern.exec(value) ?? []
  if (group === undefined) return undefined
  return {
    group,
    client: Number(client),
    life: Number(life),
    number: Number(number),
    isRefused: mark === '!',
    index: Number(index),
    size: Number(size),
  }
}

/** One commit of a client. */
export interface Group {
  readonly id: string
  readonly entries: ReadonlyArray<Entry>
  readonly events: ReadonlyArray<EventInput>
}

/** Share of commits that the server refuses. */
const refusedShare = 0.04

/** A commit: mostly of one value, else of several in one event, in several, or both. */
export const someGroup = (client: number, life: number, number: number, random: () => number): Group => {
  const isRefused = random() < refusedShare
  const id = `${client}.${life}.${number}${isRefused ? '!' : ''}`
  const upTo = (max: number) => 1 + Math.floor(random() * max)
  const shape = random()
  const eventsCount = shape < 0.75 ? 1 : 1 + upTo(3)
  const sizes = Array.from({ length: eventsCount }, () => (shape < 0.55 ? 1 : upTo(3)))
  const size = sizes.reduce((sum, count) => sum + count, 0)
  let index = 0
  const parts = sizes.map((count) =>
    Array.from({ length: count }, () => ({
      list: listNames[Math.floor(random() * listNames.length)] ?? 'a',
      value: `${id}:${index++}/${size}`,
    })),
  )
  // One event of the group is enough to have all of it refused.
  const refusedPart = isRefused ? Math.floor(random() * parts.length) : -1
  return {
    id,
    entries: parts.flat(),
    events: parts.map((part, i) => appended({ entries: part, isRefused: i === refusedPart })),
  }
}
