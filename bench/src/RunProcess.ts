import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Measurement } from './Workload.ts'

export interface RunProcessOptions {
  readonly workload: string
  readonly side: string
  /** Write CPU profiles of every thread of the run here. */
  readonly profileFolder?: string
  readonly timeoutMs?: number
}

/** A run ended without a measurement. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed'
}

/** A run that takes longer hangs. */
const timeoutMsDefault = 300_000

const runFile = fileURLToPath(new URL('run.ts', import.meta.url))

/** Does one run in a process of its own. **Fails with** `RunFailed`, with what the process wrote to stderr. */
export const runProcess = async (options: RunProcessOptions): Promise<Measurement> => {
  const { workload, side, profileFolder, timeoutMs = timeoutMsDefault } = options
  if (profileFolder !== undefined) mkdirSync(profileFolder, { recursive: true })
  const profiling =
    profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`, '--cpu-prof-interval=1000']
  const child = spawn(process.execPath, [...profiling, runFile, workload, side], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    env: {
      ...process.env,
      ...(profileFolder === undefined ? {} : { HEADWATER_BENCH_PROFILES: profileFolder }),
      NODE_ENV: 'production',
    },
  })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const ended = await new Promise<string | number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing'))
  })
  const lines = (await stdout).trimEnd().split('\n')
  if (ended !== 0) throw new RunFailed(`${workload} (${side}) ended with ${ended}: ${(await stderr).trim()}`)
  return readMeasurement(lines.at(-1) ?? '', `${workload} (${side})`)
}

const collect = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const readMeasurement = (line: string, run: string): Measurement => {
  const read: unknown = JSON.parse(line)
  if (typeof read !== 'object' || read === null || !('figures' in read) || !('checksum' in read)) {
    throw new RunFailed(`${run} printed no measurement: ${line.slice(0, 200)}`)
  }
  const { figures, checksum } = read
  const isRecord = typeof figures === 'object' && figures !== null
  if (!isRecord || typeof checksum !== 'string')
    throw new RunFailed(`${run} printed no measurement: ${line.slice(0, 200)}`)
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new RunFailed(`${run}: ${name} is ${String(value)}`)
  }
  return { figures: figures as Measurement['figures'], checksum }
}
