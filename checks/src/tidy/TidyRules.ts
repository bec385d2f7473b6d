/** House rules that a program can hold, each a function from files to lines that say what is wrong. */
import type { SourceFile } from './MarkdownLinks.ts'

/** Names that say nothing: what is in such a file belongs to the noun that it is about. */
const bannedNames = /^(utils?|common|helpers?|types|misc|manager|payload|data|shared|lib|impl|mod)$/i

export const bannedFileNames = (paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths
    .filter((file) => file.split('/').some((part) => bannedNames.test(part.replace(/\..*$/, ''))))
    .map((file) => `${file}: a name that says nothing`)

const isCode = (file: string): boolean => /\.(ts|tsx|mts|mjs)$/.test(file)

const linesOf = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

/** Aim at 60 to 250 lines; beyond these a file is about two things. **Units**  lines. */
const sourceLinesMax = 400
const testLinesMax = 600

/** How far below its exception a file may be before the exception has to follow. **Units**  lines. */
const exceptionSlack = 100

/** **Shape**  `exceptions`: lines by file, only for what is longer than the rule; they go down, never up. */
export const longFiles = (
  files: ReadonlyArray<SourceFile>,
  exceptions: Readonly<Record<string, number>>,
): ReadonlyArray<string> => {
  const seen = new Map(files.map((file) => [file.path, linesOf(file.text)]))
  const limitOf = (file: string): number => (file.includes('/src/') ? sourceLinesMax : testLinesMax)
  return [
    ...[...seen]
      .filter(([file, lines]) => isCode(file) && lines > (exceptions[file] ?? limitOf(file)))
      .map(([file, lines]) => `${file}: ${lines} lines, at most ${exceptions[file] ?? limitOf(file)}; divide it`),
    ...Object.entries(exceptions)
      .filter(([file, max]) => {
        const lines = seen.get(file) ?? 0
        return lines <= limitOf(file) || lines < max - exceptionSlack
      })
      .map(([file]) => `${file}: shorter by now; lower its exception, or strike it out`),
  ]
}

/** The formatter keeps code at 120; comments and prose are ours. Tables and links are as long as they are. */
const commentColumnsMax = 150
const proseColumnsMax = 180

/** **Shape**  `exceptions`: how many lines of a file may be longer. */
export const longLines = (
  files: ReadonlyArray<SourceFile>,
  exceptions: Readonly<Record<string, number>>,
): ReadonlyArray<string> => {
  const found = files.map(({ path, text }) => {
    const isPage = path.endsWith('.md')
    const lines = isPage ? text.replaceAll(/^(`{3,})[^]*?^\1$/gm, '').split('\n') : text.split('\n')
    const max = isPage ? proseColumnsMax : commentColumnsMax
    const isOurs = (line: string): boolean =>
      !line.includes('|') && !/https?:|\]\(/.test(line) && (isPage || /^\s*(\*|\/\/|\/\*\*)/.test(line))
    // A span of code cannot be broken.
    const lengthOf = (line: string): number => (isPage ? line.replaceAll(/`[^`]*`/g, '') : line).length
    return [path, lines.filter((line) => lengthOf(line) > max && isOurs(line)).length] as const
  })
  return found.flatMap(([path, count]) => {
    const allowed = exceptions[path] ?? 0
    if (count > allowed) return [`${path}: ${count} lines are too long to read`]
    return count === 0 && allowed > 0 ? [`${path}: no long line is left; strike out its exception`] : []
  })
}

/** Text that must not be committed, with the reason. Written so that this file does not hold it itself. */
const banned: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(?:describe|test|it)\.only\(/, 'leaves every other test out'],
  [/\b(?:FIX)ME\b/, 'is for before a commit'],
  [/^\s*debugger\b/m, 'stops the program'],
  [/resolution: \{.*tarball: http/, 'names the host of a registry'],
]

export const bannedTexts = (files: ReadonlyArray<SourceFile>): ReadonlyArray<string> =>
  files.flatMap(({ path, text }) =>
    banned.flatMap(([pattern, reason]) => {
      const found = pattern.exec(text)
      return found === null ? [] : [`${path}: "${found[0].trim()}" ${reason}`]
    }),
  )

/** An action is code of somebody else that runs with our permissions: only a commit is what was looked at. */
export const unpinnedActions = (files: ReadonlyArray<SourceFile>): ReadonlyArray<string> =>
  files
    .filter(({ path }) => path.startsWith('.github/workflows/'))
    .flatMap(({ path, text }) => [
      ...[...text.matchAll(/uses: *(\S+)(.*)/g)]
        .filter(([, action, version]) => !/@[0-9a-f]{40}$/.test(action!) || !/# v\d/.test(version!))
        .map(([, action]) => `${path}: ${action} is not pinned to a commit, with its version behind it`),
      ...(/^permissions: \{\}$/m.test(text) ? [] : [`${path}: permissions must be none, and given job by job`]),
    ])
