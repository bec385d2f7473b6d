/** How values stand in the panel. */
import type { SqliteValue } from '@headwater/core'
import { timeText } from '../inspect/TimeText.ts'

/** `12:04:05`; of another day with its date. */
export const clockText = (ms: number): string => timeText(ms, Date.now())

/** `1.2 ms`, `0.03 ms`, `140 ms`. */
export const msText = (ms: number): string => `${ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`

export const countText = (count: number): string => count.toLocaleString('en')

/** `3 commits`, `1 commit`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`

/** The end of an id tells it from its neighbours: its beginning is the time. */
export const shortId = (id: string): string => (id.length > 12 ? `…${id.slice(-8)}` : id)

/** More than this nobody reads, and a megabyte of text makes a browser slow. **Units** characters. */
const jsonMax = 20_000

/** JSON as people read it; as it is where it is none. */
export const prettyJson = (json: string): string => {
  if (json.length > jsonMax) return `${json.slice(0, jsonMax)}\n… ${countText(json.length - jsonMax)} characters more`
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}

/** A table's cell. */
export const cellText = (value: SqliteValue): string => {
  if (value === null) return 'NULL'
  return value instanceof Uint8Array ? `<${plural(value.length, 'byte')}>` : String(value)
}
