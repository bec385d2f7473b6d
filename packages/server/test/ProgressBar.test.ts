import { expect, test } from 'vitest'
import { progressBar } from '../src/ProgressBar.ts'

/** A terminal that is written down, and its clock. */
const terminal = (isTTY: boolean) => {
  const written: Array<string> = []
  const clock = { ms: 0 }
  const bar = (isQuiet = false, columns = 120) =>
    progressBar({
      label: 'move demo',
      unit: 'events',
      isQuiet,
      stream: { isTTY, columns, write: (text) => written.push(text) },
      now: () => clock.ms,
    })
  return { written, clock, bar }
}

test('a line that is written over: share, count, rate, what is left; removed at the end', () => {
  const { written, clock, bar } = terminal(true)
  const shown = bar()
  clock.ms = 1_000
  shown.show(15_000, 60_000)
  // Not more often than an eye follows, but the last one always.
  clock.ms = 1_050
  shown.show(16_000, 60_000)
  clock.ms = 4_000
  shown.show(60_000, 60_000)
  shown.end()
  expect(written).toEqual([
    '\rmove demo  ████░░░░░░░░░░░░   25 %  15,000 of 60,000 events  15,000/s  3 s left\u001b[K',
    '\rmove demo  ████████████████  100 %  60,000 of 60,000 events  15,000/s  0 s left\u001b[K',
    '\r\u001b[K',
  ])
})

test('without a known end it counts; a narrow terminal is not wrapped', () => {
  const { written, clock, bar } = terminal(true)
  clock.ms = 0
  const shown = bar(false, 20)
  clock.ms = 2_000
  shown.show(5_000)
  expect(written).toEqual(['\rmove demo  5,000 ev\u001b[K'])
})

test('nothing is written where nobody looks, or when it shall be quiet', () => {
  const pipe = terminal(false)
  const quiet = terminal(true)
  for (const shown of [pipe.bar(), quiet.bar(true)]) {
    shown.show(1, 2)
    shown.show(2, 2)
    shown.end()
  }
  expect([pipe.written, quiet.written]).toEqual([[], []])
})
