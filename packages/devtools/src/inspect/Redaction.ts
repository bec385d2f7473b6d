/**
 * Takes what people wrote out of what a report shows, and leaves its shape.
 *
 * | JSON         | becomes       | `n`                                                    |
 * | ------------ | ------------- | ------------------------------------------------------ |
 * | `"milk"`     | `"<string n>"`| counts the report's different strings as they come up  |
 * | `42`         | `"<number n>"`| counts its different numbers                           |
 * | `true`       | `"<boolean>"` |                                                        |
 * | `null`       | `null`        |                                                        |
 * | object, list | as it is, with redacted values; keys that are no plain names become `<key n>` |
 *
 * So equal values are equal in the report, which is what joins an event to the next, and nothing else is told of them:
 * no length, no order, no hash that could be looked up.
 */
export interface Redactor {
  readonly isRaw: boolean
  /** An event's args, or any JSON text. One that is no JSON becomes `"<unreadable>"`. */
  readonly json: (json: string) => unknown
  /** A bound value of a query. */
  readonly value: (value: unknown) => unknown
  /** A message that may quote `about`, JSON texts: their strings and numbers, whatever stands in quotes, and figures are taken out. */
  readonly text: (message: string, about?: ReadonlyArray<string>) => string
}

/** Leaves everything as it is. */
export const rawRedactor: Redactor = {
  isRaw: true,
  json: (json) => parsed(json) ?? json,
  value: (value) => (typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? Array.from(value) : value),
  text: (message) => message,
}

const unreadable = '<unreadable>'

/** What a name in code looks like. A key that does not is data, as in a record by e-mail address. */
const plainKey = /^[A-Za-z_$][\w$]{0,40}$/

export const makeRedactor = (): Redactor => {
  const [strings, numbers, keys] = [counting('string'), counting('number'), counting('key')]
  const value = (given: unknown): unknown => {
    if (given === null || given === undefined) return null
    if (typeof given === 'string') return strings(given)
    if (typeof given === 'number' || typeof given === 'bigint') return numbers(String(given))
    if (typeof given === 'boolean') return '<boolean>'
    if (given instanceof Uint8Array) return '<bytes>'
    if (Array.isArray(given)) return given.map(value)
    if (typeof given !== 'object') return unreadable
    return Object.fromEntries(
      Object.entries(given).map(([key, inner]) => [plainKey.test(key) ? key : keys(key), value(inner)]),
    )
  }
  return {
    isRaw: false,
    json: (json) => {
      const given = parsed(json)
      return given === undefined ? unreadable : value(given)
    },
    value,
    text: (message, about = []) =>
      redactText(
        message,
        about.flatMap((json) => leavesOf(parsed(json))),
      ),
  }
}

const counting = (name: string): ((text: string) => string) => {
  const known = new Map<string, number>()
  return (text) => {
    const number = known.get(text) ?? known.size + 1
    known.set(text, number)
    return `<${name} ${number}>`
  }
}

/** `undefined`: no JSON. */
const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

/** Strings, numbers and odd keys in a JSON value, as they would be quoted. */
const leavesOf = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  if (Array.isArray(value)) return value.flatMap(leavesOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [...(plainKey.test(key) ? [] : [key]), ...leavesOf(inner)])
}

/** Between quotes of one kind, on one line; an apostrophe inside a word opens none. */
const quoted = /(?<![\p{L}\p{N}])(["'`‘“])[^\n]*?(["'`’”])(?![\p{L}\p{N}])/gu

/** A number by itself, of more than one digit; positions (`e42`) and names with digits are none. */
const figures = /(?<![\p{L}\p{N}_-])\d[\d.,]*\d(?![\p{L}\p{N}_-])/gu

const redactText = (message: string, known: ReadonlyArray<string>): string => {
  // Longest first: a value may contain another.
  const values = known.filter((value) => value.length > 0).toSorted((a, b) => b.length - a.length)
  let text = message
  for (const value of values) text = value.length < shortMax ? withoutWord(text, value) : text.replaceAll(value, '…')
  return text.replaceAll(quoted, '$1…$2').replaceAll(figures, '…')
}

/** Shorter values occur inside of words that have nothing to do with them. */
const shortMax = 3

const withoutWord = (text: string, word: string): string =>
  text.replaceAll(
    new RegExp(`(?<![\\p{L}\\p{N}])${word.replaceAll(/[^\p{L}\p{N}]/gu, String.raw`\$&`)}(?![\\p{L}\\p{N}])`, 'gu'),
    '…',
  )

/** The inverse as far as there is one: values of the right types, equal where the originals were. For replays. */
export const placeholderOf = (redacted: unknown): unknown => {
  if (typeof redacted === 'string') {
    const number = /^<number (\d+)>$/.exec(redacted)?.[1]
    if (number !== undefined) return Number(number)
    return redacted === '<boolean>' ? false : redacted
  }
  if (Array.isArray(redacted)) return redacted.map(placeholderOf)
  if (typeof redacted !== 'object' || redacted === null) return redacted
  return Object.fromEntries(Object.entries(redacted).map(([key, value]) => [key, placeholderOf(value)]))
}
