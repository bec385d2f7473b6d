/** The names of the API reference against the snapshots that the release tooling keeps: made by two programs, they have to be the same. */
import { existsSync, readFileSync } from 'node:fs'
import { publishedEntries } from '../api/ApiPages.ts'
import { declarationsOf } from '../api/Declarations.ts'

/** **Shape**  one line for each name that only one of the two has. Every package has to be built. */
export const apiNameProblems = (): ReadonlyArray<string> =>
  publishedEntries()
    .filter(({ snapshot }) => existsSync(snapshot))
    .flatMap(({ specifier, types, snapshot }) => {
      const shown = new Set(declarationsOf(types).map(({ name }) => name))
      const kept = snapshotNames(snapshot)
      return [
        ...[...kept]
          .filter((name) => !shown.has(name))
          .map((name) => `${specifier}: ${name} is not in the API reference`),
        ...[...shown]
          .filter((name) => !kept.has(name))
          .map((name) => `${specifier}: ${name} is in the API reference only`),
      ]
    })

const snapshotNames = (file: string): ReadonlySet<string> => {
  const text = readFileSync(file, 'utf8')
  const own = /^export (?:declare )?(?:abstract )?(?:const|function|class|interface|type|enum|namespace) (\w+)/gm
  return new Set(
    [...text.matchAll(own), ...text.matchAll(/^export \{ (?:\w+ as )?(\w+) \}/gm)].map(([, name]) => name!),
  )
}
