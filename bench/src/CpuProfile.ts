import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** What V8 writes with `--cpu-prof`, as far as it is read here. */
interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: ReadonlyArray<number>
}

interface CpuProfile {
  readonly nodes: ReadonlyArray<ProfileNode>
  readonly samples: ReadonlyArray<number>
  readonly timeDeltas: ReadonlyArray<number>
}

/** Time in one function itself, not in what it calls. */
export interface SelfTime {
  /** `name  file:line`; native code also with who called it. */
  readonly where: string
  readonly ms: number
  /** Of all time in which the thread was busy. */
  readonly share: number
}

export interface ThreadProfile {
  readonly file: string
  readonly busyMs: number
  readonly selfTimes: ReadonlyArray<SelfTime>
}

/** Waiting, not work. */
const idle: ReadonlySet<string> = new Set(['(idle)', '(root)'])

const shortUrl = (url: string): string =>
  url
    .replace(/^(file:\/\/|https?:\/\/[^/]+)/, '')
    .replace(/^.*\/node_modules\/(?!.*\/node_modules\/)/, '')
    .replace(/^.*\/(packages|bench)\//, '$1/')

const placeOf = ({ callFrame }: ProfileNode): string => {
  const { functionName, url, lineNumber } = callFrame
  return url === '' ? functionName : `${functionName || '(anonymous)'}  ${shortUrl(url)}:${lineNumber + 1}`
}

/** How many callers a native function is told apart by: better-sqlite3's `run` says nothing, who ran it does. */
const nativeDepth = 3

const nameOf = (node: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): string => {
  if (node.callFrame.url !== '' || node.callFrame.functionName.startsWith('(')) return placeOf(node)
  const callers: Array<string> = []
  for (let at = parents.get(node.id); at !== undefined && callers.length < nativeDepth; at = parents.get(at.id)) {
    if (at.callFrame.url !== '') callers.push(placeOf(at).replace('  ', ' '))
  }
  return `native ${node.callFrame.functionName} <- ${callers.join(' <- ')}`
}

const readProfile = (file: string): ThreadProfile => {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map<number, ProfileNode>()
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node)
  const total = new Map<string, number>()
  let busy = 0
  profile.samples.forEach((id, i) => {
    const node = byId.get(id)
    if (node === undefined || idle.has(node.callFrame.functionName)) return
    const ms = (profile.timeDeltas[i] ?? 0) / 1_000
    const name = nameOf(node, parents)
    total.set(name, (total.get(name) ?? 0) + ms)
    busy += ms
  })
  const selfTimes = [...total].map(([where, ms]) => ({ where, ms, share: ms / busy })).sort((a, b) => b.ms - a.ms)
  return { file: path.basename(file), busyMs: busy, selfTimes }
}

/** Every thread's profile in a folder, the busiest first. */
export const readProfiles = (folder: string): ReadonlyArray<ThreadProfile> =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => readProfile(path.join(folder, name)))
    .sort((a, b) => b.busyMs - a.busyMs)

/** Rows of at least this share are worth reading. */
const shareMin = 0.01

/** A profile as plain text. */
export const profileTable = ({ file, busyMs, selfTimes }: ThreadProfile): string =>
  [
    `${file}: busy ${busyMs.toFixed(0)} ms`,
    ...selfTimes
      .filter(({ share }) => share >= shareMin)
      .map(
        ({ where, ms, share }) =>
          `${(share * 100).toFixed(1).padStart(6)} %  ${ms.toFixed(0).padStart(6)} ms  ${where}`,
      ),
  ].join('\n')
