/** Logs as pictures: rows of events, one under the other, as an SVG file that a code host shows and the site puts into its pages. */

/** **Shape** `who`: whose event it is, which gives its colour; `note`: below it. */
export interface DiagramEvent {
  readonly text: string
  readonly who: 'a' | 'b' | 'none'
  readonly kind?: 'solid' | 'pending' | 'gone'
  readonly note?: string
}

export interface DiagramRow {
  readonly title: string
  readonly text?: string
  readonly events: ReadonlyArray<DiagramEvent>
  /** The row begins after this many places. */
  readonly skip?: number
}

const rowHeight = 74
const boxWidth = 116
const boxHeight = 34
const gap = 12
const left = 150
const width = 760

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const styles =
  '.hw-diagram{color:#1b1b1f;font:13px system-ui,sans-serif}@media(prefers-color-scheme:dark){.hw-diagram{color:#e8e8ea}}' +
  '.hw-diagram text{fill:currentColor}.hw-diagram .hw-small{font-size:11.5px;opacity:.85}.hw-diagram .hw-title{font-weight:600}' +
  '.hw-diagram .hw-event{font-family:ui-monospace,monospace;font-size:12.5px}'

const colourOf = { a: 'var(--diagram-a,#2f7fd6)', b: 'var(--diagram-b,#c8642a)', none: 'currentColor' } as const

/** **Shape**  the text of an SVG file. */
export const logDiagram = (rows: ReadonlyArray<DiagramRow>): string => {
  const height = rows.length * rowHeight + 12
  const parts = rows.map((row, index) => rowParts(row, 10 + index * rowHeight)).join('\n')
  return `<svg class="hw-diagram" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">\n<style>${styles}</style>\n${parts}\n</svg>\n`
}

const rowParts = ({ title, text, events, skip = 0 }: DiagramRow, top: number): string => {
  const first = left + skip * (boxWidth + gap)
  // Between the boxes, not behind them: they are translucent, so that they suit any page.
  const line = events
    .slice(1)
    .map((_, at) => `M${first + (at + 1) * (boxWidth + gap) - gap} ${top + boxHeight / 2}h${gap}`)
    .join('')
  const path = line === '' ? '' : `<path d="${line}" stroke="currentColor" stroke-opacity=".5" fill="none"/>`
  const head = `<text class="hw-title" x="0" y="${top + 16}">${escape(title)}</text>`
  const below = text === undefined ? '' : `<text class="hw-small" x="0" y="${top + 33}">${escape(text)}</text>`
  return [path, head, below, ...events.map((event, at) => eventParts(event, first + at * (boxWidth + gap), top))]
    .filter((part) => part !== '')
    .join('\n')
}

const eventParts = ({ text, who, kind = 'solid', note }: DiagramEvent, x: number, top: number): string => {
  const dash = kind === 'pending' ? ' stroke-dasharray="5 4"' : ''
  const colour = colourOf[who]
  const opacity = kind === 'gone' ? ' opacity=".55"' : ''
  const strike =
    kind === 'gone'
      ? `<path d="M${x + 10} ${top + 18}H${x + boxWidth - 10}" stroke="currentColor" stroke-width="1.2"/>`
      : ''
  const fill = kind === 'solid' ? `fill="${colour}" fill-opacity=".16"` : 'fill="none"'
  const noteText =
    note === undefined
      ? ''
      : `<text class="hw-small" x="${x + boxWidth / 2}" y="${top + 51}" text-anchor="middle">${escape(note)}</text>`
  return `<g${opacity}><rect x="${x}" y="${top}" width="${boxWidth}" height="${boxHeight}" rx="6" ${fill} stroke="${colour}" stroke-width="1.5"${dash}/><text class="hw-event" x="${x + boxWidth / 2}" y="${top + 22}" text-anchor="middle">${escape(text)}</text>${strike}${noteText}</g>`
}
