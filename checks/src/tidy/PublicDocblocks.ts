/** Which names that users import have no docblock: follows the entry points' exports through the source. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { entryPoints, type PublishedPackage } from '../workspace/Workspace.ts'

/** `export { a, type B as C } from './X.ts'` and `export type { … } from`; `export * from './X.ts'`. */
const namedExports = /^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm
const allExports = /^export \* from '(\.[^']+)'/gm
/** A declaration, and what stands directly before it. */
const declaration = (name: string): RegExp =>
  new RegExp(
    `(^|\\n)([^\\n]*)\\n(?:@[^\\n]*\\n)*export (?:declare |abstract |async )*(?:const|function|class|interface|type|enum) ${name}\\b`,
  )
const ownExports = /^export (?:declare |abstract |async )*(?:const|function|class|interface|type|enum) (\w+)/gm

/** **Shape**  `package entry: name`, sorted. */
export const undocumentedExports = ({ manifest, folder }: PublishedPackage): ReadonlyArray<string> =>
  entryPoints(manifest)
    .flatMap((entry) => {
      const target = manifest.exports![entry]!
      const file = path.join(folder, typeof target === 'string' ? target : target.default!)
      return [...namesOf(file)]
        .filter(([name, from]) => !isDocumented(from, name))
        .map(([name]) => `${manifest.name}: ${name}`)
    })
    .toSorted()
    .filter((line, index, lines) => line !== lines[index - 1])

/** **Shape**  the file that declares it, by name. */
const namesOf = (file: string): ReadonlyMap<string, string> => {
  const text = readFileSync(file, 'utf8')
  const names = new Map<string, string>()
  for (const [, name] of text.matchAll(ownExports)) names.set(name!, file)
  for (const [, from] of text.matchAll(allExports)) {
    for (const [name, declared] of namesOf(path.join(path.dirname(file), from!))) names.set(name, declared)
  }
  for (const [, list, from] of text.matchAll(namedExports)) {
    const source = path.join(path.dirname(file), from!)
    const theirs = existsSync(source) ? namesOf(source) : new Map<string, string>()
    for (const item of list!.split(',')) {
      const name = item
        .trim()
        .replace(/^type /, '')
        .split(' as ')[0]!
      if (name !== '') names.set(name, theirs.get(name) ?? source)
    }
  }
  return names
}

/** What a record of options is, its members say. */
const saysItself = /(Options|Props|Context)$/

const isDocumented = (file: string, name: string): boolean => {
  if (saysItself.test(name)) return true
  const found = declaration(name).exec(readFileSync(file, 'utf8'))
  // What is not declared by one of these words is a namespace of another package.
  return found === null || found[2]!.trimEnd().endsWith('*/')
}
