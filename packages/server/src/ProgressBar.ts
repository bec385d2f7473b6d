/**
 * How far a command is, on a line of its own that is written over: label, bar, share, count, rate and what is left.
 *
 * **Shape**  `move demo  █████████░░░░░░░  57 %  34,200 of 60,000 events  28,100/s  1 s left`
 */
export interface ProgressBar {
  /** **Shape** `all`: `undefined` if it is not known. Called as often as you like. */
  readonly show: (done: number, all?: number) => void
  /** Removes the line. */
  readonly end: () => void
}

export interface ProgressBarOptions {
  readonly label: string
  /** What is counted: `events`. */
  readonly unit: string
  /** Nothing is written. So it is, too, where nobody reads a terminal. */
  readonly isQuiet: boolean
  readonly stream?: ProgressStream
  /** A monotonic clock, in ms. */
  readonly now?: () => number
}

/** What is needed of `process.stderr`. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/** As often as an eye follows. */
const everyMs = 100
const barWidth = 16
const columnsDefault = 80

export const progressBar = (options: ProgressBarOptions): ProgressBar => {
  const { isQuiet, stream = process.stderr, now = () => performance.now() } = options
  if (isQuiet || stream.isTTY !== true) return { show: () => undefined, end: () => undefined }
  const startMs = now()
  let [shownMs, isShown] = [-Infinity, false]
  return {
    show: (done, all) => {
      const nowMs = now()
      if (nowMs - shownMs < everyMs && done !== all) return
      shownMs = nowMs
      isShown = true
      const line = lineOf(options, done, all, (nowMs - startMs) / 1_000)
      // One column is left free: some terminals begin a new line in the last one.
      stream.write(`\r${line.slice(0, (stream.columns ?? columnsDefault) - 1)}\u001b[K`)
    },
    end: () => {
      if (isShown) stream.write('\r\u001b[K')
    },
  }
}

const lineOf = (
  { label, unit }: ProgressBarOptions,
  done: number,
  all: number | undefined,
  seconds: number,
): string => {
  const rate = seconds > 0 ? done / seconds : 0
  const speed = `${count(rate)}/s`
  if (all === undefined || all === 0) return [label, `${count(done)} ${unit}`, speed].join('  ')
  const share = Math.min(1, done / all)
  const full = Math.round(share * barWidth)
  const bar = '█'.repeat(full) + '░'.repeat(barWidth - full)
  const left = rate > 0 ? `${timeOf((all - done) / rate)} left` : ''
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  return [label, bar, percent, `${count(done)} of ${count(all)} ${unit}`, speed, left].join('  ').trimEnd()
}

const count = (value: number): string => Math.round(value).toLocaleString('en')

const timeOf = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  return whole < 3_600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}
