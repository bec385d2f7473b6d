const units: ReadonlyArray<readonly [name: string, ms: number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** `4 min`, `3 d`; under a second `a moment`. Rounded down. */
export const ageText = (ms: number): string => {
  const unit = units.find(([, size]) => ms >= size)
  return unit === undefined ? 'a moment' : `${Math.floor(ms / unit[1])} ${unit[0]}`
}

/** `12:04:05` today, `2026-11-22 12:04:05` on another day; local time. */
export const timeText = (ms: number, now: number): string => {
  const [then, today] = [new Date(ms), new Date(now)]
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = `${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`
  if (then.toDateString() === today.toDateString()) return time
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${time}`
}
