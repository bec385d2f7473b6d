/** What the demo prints: colours and a progress bar on a terminal, plain text anywhere else. */
export interface Terminal {
  readonly line: (text?: string) => void
  readonly heading: (text: string) => void
  /** **Shape** `rows`: cells, the first row being the header. Columns of numbers are right-aligned. */
  readonly table: (rows: ReadonlyArray<ReadonlyArray<string | number>>) => void
  /** A bar that stays where it is on a terminal; a line per quarter elsewhere. `done` is from 0 to 1. */
  readonly progress: (label: string, done: number) => void
  readonly strong: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
}

const barWidth = 32

export const makeTerminal = (out: NodeJS.WriteStream): Terminal => {
  const isTty = out.isTTY
  const paint = (code: number) => (text: string) => (isTty ? `\x1b[${code}m${text}\x1b[0m` : text)
  const strong = paint(1)
  const dim = paint(2)
  let bar = ''
  let quarter = -1
  const clearBar = (): void => {
    if (bar !== '') out.write('\r\x1b[2K')
    bar = ''
  }
  const line = (text = ''): void => {
    clearBar()
    out.write(`${text}\n`)
  }
  return {
    line,
    strong,
    dim,
    good: paint(32),
    bad: paint(31),
    heading: (text) => line(`\n${paint(36)(strong(text))}`),
    table: (rows) => {
      for (const [index, text] of layOut(rows).entries()) line(`  ${index === 0 ? dim(text) : text}`)
    },
    progress: (label, done) => {
      if (!isTty) {
        const reached = Math.floor(done * 4)
        if (reached > quarter) line(`  ${label}: ${reached * 25} %`)
        quarter = done >= 1 ? -1 : reached
        return
      }
      const full = Math.round(done * barWidth)
      const drawn = `  ${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${Math.floor(done * 100)} % ${label}`
      clearBar()
      out.write(drawn)
      bar = drawn
      if (done >= 1) line()
    },
  }
}

const layOut = (rows: ReadonlyArray<ReadonlyArray<string | number>>): ReadonlyArray<string> => {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => widthOf(String(row[column] ?? '')))),
  )
  const isNumber = widths.map((_, column) => rows.slice(1).every((row) => typeof row[column] === 'number'))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - widthOf(String(cell)))
        return isNumber[column] === true ? gap + String(cell) : String(cell) + gap
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Columns on a screen: East Asian letters take two. */
const widthOf = (text: string): number => {
  let width = 0
  for (const letter of text)
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u.test(letter) ? 2 : 1
  return width
}

/** `1,234,567`. */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en-US')

/** `12.3 MB`. **Units** bytes in; powers of 1,000. */
export const bytesText = (bytes: number): string =>
  bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`

/** `3.2 s`. **Units** ms in. */
export const secondsText = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
