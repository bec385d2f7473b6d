/** What the demo asserts; its exit code says whether all of it held. */
export interface Check {
  readonly name: string
  readonly isPassed: boolean
  /** What was compared, with both values where they differ. */
  readonly detail: string
}

export class Checks {
  readonly list: Array<Check> = []

  that(name: string, isPassed: boolean, detail = ''): void {
    this.list.push({ name, isPassed, detail })
  }

  /** Compared as text, so that numbers, texts and arrays of them are alike. */
  equal(name: string, actual: unknown, expected: unknown): void {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
    this.that(name, a === b, a === b ? '' : `${short(a)} instead of ${short(b)}`)
  }

  get failed(): number {
    return this.list.filter(({ isPassed }) => !isPassed).length
  }
}

const short = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
