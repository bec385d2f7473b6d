/**
 * The public declarations of each entry point as text, beside the package (`packages/*&#47;api/*.api.md`), so that a change
 * of the API is a diff that somebody reads. Made of what is packed. Names that an exported type needs are in it, too.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from '@microsoft/api-extractor'
import { entryPoints } from '../workspace/Workspace.ts'
import type { PackedPackage } from './PackedPackage.ts'

export interface ApiReport {
  /** Where it is kept. Absolute. */
  readonly file: string
  readonly entry: string
  readonly text: string
}

/** **Shape**  one per entry point that has declarations. */
export const apiReports = (packed: PackedPackage): ReadonlyArray<ApiReport> => {
  const modules = path.join(packed.folder, 'node_modules')
  symlinkSync(path.join(packed.source.folder, 'node_modules'), modules, 'junction')
  try {
    return entryPoints(packed.manifest).flatMap((entry) => {
      const target = packed.manifest.exports![entry]!
      const types = typeof target === 'string' ? undefined : target.types
      return types === undefined ? [] : [reportOf(packed, entry, path.join(packed.folder, types))]
    })
  } finally {
    rmSync(modules)
  }
}

/** **Shape**  one line per report that is not what is kept, with the first line that differs. */
export const apiProblems = (reports: ReadonlyArray<ApiReport>): ReadonlyArray<string> =>
  reports.flatMap(({ file, entry, text }) => {
    if (!existsSync(file)) return [`API of "${entry}": no snapshot yet (release:check --update makes it)`]
    const kept = readFileSync(file, 'utf8')
    return kept === text ? [] : [`API of "${entry}" has changed:\n${firstDifference(kept, text)}`]
  })

/** Keeps the reports, and removes those of entry points that are gone. */
export const writeApiReports = (packed: PackedPackage, reports: ReadonlyArray<ApiReport>): void => {
  const folder = path.join(packed.source.folder, 'api')
  rmSync(folder, { recursive: true, force: true })
  if (reports.length > 0) mkdirSync(folder)
  for (const { file, text } of reports) writeFileSync(file, text)
}

const reportOf = (packed: PackedPackage, entry: string, types: string): ApiReport => {
  const name = entry === '.' ? 'index' : entry.slice(2).replaceAll('/', '.')
  const scratch = path.join(packed.folder, 'api.tmp')
  mkdirSync(scratch, { recursive: true })
  // The extractor cannot follow a namespace of another package: it stands in the report as the one name that it is.
  const declarations = readFileSync(types, 'utf8')
  const followed = declarations.replaceAll(
    /^export \* as (\w+) from ('[^.'][^']*');$/gm,
    'export declare const $1: typeof import($2);',
  )
  writeFileSync(types, followed)
  try {
    extract(packed, types, name, scratch)
    const text = readFileSync(path.join(scratch, `${name}.api.md`), 'utf8')
    return { file: path.join(packed.source.folder, 'api', `${name}.api.md`), entry, text: withoutNoise(text) }
  } finally {
    writeFileSync(types, declarations)
    rmSync(scratch, { recursive: true })
  }
}

const extract = (packed: PackedPackage, types: string, name: string, scratch: string): void => {
  const silent = { default: { logLevel: ExtractorLogLevel.None } }
  const configObject: IConfigFile = {
    projectFolder: packed.folder,
    mainEntryPointFilePath: types,
    newlineKind: 'lf',
    compiler: { overrideTsconfig: { compilerOptions, files: [types] }, skipLibCheck: true },
    apiReport: {
      enabled: true,
      reportFileName: name,
      reportFolder: scratch,
      reportTempFolder: path.join(scratch, 'temp'),
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: silent,
      extractorMessageReporting: silent,
      tsdocMessageReporting: silent,
    },
  }
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(packed.folder, 'package.json'),
  })
  // All that it says is that there was no report before.
  Extractor.invoke(config, { localBuild: true, messageCallback: (message) => void (message.handled = true) })
}

const compilerOptions = {
  target: 'es2023',
  lib: ['ES2024', 'DOM', 'DOM.AsyncIterable', 'WebWorker.ImportScripts'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  strict: true,
  skipLibCheck: true,
  types: [],
}

/** What docblocks lack is another check's business. */
const withoutNoise = (text: string): string =>
  text.replaceAll(/^ *\/\/ \(undocumented\)\n/gm, '').replaceAll(' (undocumented)\n', '\n')

const firstDifference = (kept: string, text: string): string => {
  const before = kept.split('\n')
  const after = text.split('\n')
  const line = before.findIndex((each, index) => each !== after[index])
  const at = line === -1 ? before.length : line
  return `    line ${at + 1}\n    - ${before[at] ?? ''}\n    + ${after[at] ?? ''}`
}
