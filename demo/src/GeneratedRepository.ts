/**
 * Makes a real git repository with a seeded history, for a place where there is none, or a short one. It has what real
 * ones have: few busy and many rare authors, one of them under two names (`.mailmap`), merges, empty commits, renames,
 * deletions, binary files, mode changes, and paths that need quoting.
 */
import { mkdir } from 'node:fs/promises'
import { git } from './Git.ts'
import { makeRandom, type Random } from './Random.ts'

export interface GeneratedOptions {
  readonly folder: string
  readonly seed: number
  readonly commits: number
  readonly authors?: number
}

/** **Shape** name and mail as in a commit, busiest first. */
const names: ReadonlyArray<string> = [
  'Ada Lovelace',
  'Grace Hopper',
  'Edsger Dijkstra',
  'Barbara Liskov',
  'Donald Knuth',
  'Радия Перлман',
  'Leslie Lamport',
  'Ken Thompson',
  'Frances Allen',
  'Niklaus Wirth',
  'Jörg Müller',
  'Tony Hoare',
  '山田花子',
  'Margaret Hamilton',
  'Robin Milner',
  'Jim Gray',
  'Adele Goldberg',
  'John Backus',
  'Karen Jones',
  'Alan Kay',
  'Sophie Wilson',
  'Zoë O’Neill',
  'Peter Naur',
  'Mary Shaw',
]
const firstFolders: ReadonlyArray<string> = ['src', 'src/core', 'src/net', 'docs', 'test', 'tools']
const oddPaths: ReadonlyArray<string> = [
  'docs/naïve – plan.md',
  'docs/with space.txt',
  'test/tab\there.txt',
  'test/"quoted".txt',
  'docs/日本語.md',
  'tools/back\\slash',
]

/** 2024-01-01, so that a seed gives the same commits on any day. **Units** seconds since 1970. */
const firstTime = 1_704_067_200

interface Tree {
  /** Lines by path; `null` for a binary file. */
  readonly files: Map<string, ReadonlyArray<string> | null>
  readonly random: Random
  nextFile: number
}

/** Makes the repository (bare). **Fails with** `GitFailed`, the file system's errors. */
export const generateRepository = async (options: GeneratedOptions): Promise<void> => {
  const { folder, seed, commits, authors = names.length } = options
  await mkdir(folder, { recursive: true })
  await git(folder, ['init', '--quiet', '--bare', '--initial-branch=main', '.'])
  const tree: Tree = { files: new Map(), random: makeRandom(seed), nextFile: 0 }
  const stream: Array<Buffer | string> = []
  let head = 0
  for (let mark = 1; mark <= commits;) {
    const isMerge = head > 0 && commits - mark >= 2 && tree.random.chance(0.04)
    if (isMerge) {
      addMerge(tree, stream, { head, mark, authors })
      mark += 3
    } else {
      const changes = mark === 1 ? firstChanges() : tree.random.chance(0.01) ? [] : randomChanges(tree)
      addCommit(tree, stream, { mark, parents: head === 0 ? [] : [head], authors, changes })
      mark += 1
    }
    head = mark - 1
  }
  stream.push('done\n')
  await git(folder, ['fast-import', '--quiet', '--done'], Buffer.concat(stream.map((part) => Buffer.from(part))))
}

interface CommitOptions {
  readonly mark: number
  readonly parents: ReadonlyArray<number>
  readonly authors: number
  readonly changes: ReadonlyArray<Buffer | string>
}

/** Ada's first commits were made at another address, with her short name. */
const firstChanges = (): ReadonlyArray<Buffer | string> => [
  inline('100644', '.mailmap', Buffer.from('Ada Lovelace <ada.lovelace@example.org> Ada <ada@old.example.org>\n')),
]

const addCommit = (
  tree: Tree,
  stream: Array<Buffer | string>,
  { mark, parents, authors, changes }: CommitOptions,
): void => {
  const author = pickAuthor(tree.random, authors)
  const isOldAda = author === 'Ada Lovelace' && mark % 3 === 0
  const mail = `${author.toLowerCase().replaceAll(/[^\p{L}]+/gu, '.')}@example.org`
  const identity = `${isOldAda ? 'Ada <ada@old.example.org>' : `${author} <${mail}>`} ${firstTime + mark * 3600} +0100`
  const message = Buffer.from(`Change ${mark}\n`)
  stream.push(
    `commit refs/heads/main\nmark :${mark}\nauthor ${identity}\ncommitter ${identity}\ndata ${message.length}\n`,
    message,
  )
  for (const [index, parent] of parents.entries()) stream.push(`${index === 0 ? 'from' : 'merge'} :${parent}\n`)
  stream.push(...changes, '\n')
}

/** A commit on a branch of its own, one beside it, and the merge of both, which changes nothing itself. */
const addMerge = (
  tree: Tree,
  stream: Array<Buffer | string>,
  at: { readonly head: number; readonly mark: number; readonly authors: number },
): void => {
  const { head, mark, authors } = at
  const branch = addFile(tree)
  addCommit(tree, stream, { mark, parents: [head], authors, changes: [branch] })
  addCommit(tree, stream, {
    mark: mark + 1,
    parents: [head],
    authors,
    changes: randomChanges(tree, new Set([lastPath(tree)])),
  })
  addCommit(tree, stream, { mark: mark + 2, parents: [mark + 1, mark], authors, changes: [branch] })
}

const lastPath = (tree: Tree): string => [...tree.files.keys()].at(-1) ?? ''

/** The first author commits about a fifth, the last one almost never. */
const pickAuthor = (random: Random, authors: number): string => {
  const rank = Math.min(Math.floor(authors * random.next() ** 2.2), authors - 1)
  return rank < names.length ? (names[rank] ?? 'Nobody') : `Contributor ${rank}`
}

const randomChanges = (tree: Tree, untouched: ReadonlySet<string> = new Set()): ReadonlyArray<Buffer | string> => {
  const { random, files } = tree
  const changes: Array<Buffer | string> = []
  const touched = new Set(untouched)
  for (let count = 1 + Math.floor(6 * random.next() ** 2); count > 0; count--) {
    if (files.size < 12 || random.chance(0.12)) {
      changes.push(addFile(tree))
      touched.add(lastPath(tree))
      continue
    }
    const path = random.pick([...files.keys()])
    if (touched.has(path)) continue
    touched.add(path)
    changes.push(...changeFile(tree, path, touched))
  }
  return changes
}

const addFile = (tree: Tree): Buffer => {
  const { random, files } = tree
  const number = tree.nextFile++
  const odd = oddPaths[number]
  const isBinary = number >= oddPaths.length && random.chance(0.08)
  // A folder of its own: the repository beside it may have files of the same names.
  const path = `generated/${odd ?? `${random.pick(firstFolders)}/file-${number}${isBinary ? '.bin' : '.ts'}`}`
  files.set(path, isBinary ? null : Array.from({ length: 5 + random.int(60) }, () => line(random)))
  return inline(random.chance(0.05) ? '100755' : '100644', path, contentOf(tree, path))
}

/** Mostly a few lines replaced; sometimes a rename, a deletion, a mode change. */
const changeFile = (
  { files, random, ...tree }: Tree,
  path: string,
  touched: Set<string>,
): ReadonlyArray<Buffer | string> => {
  const lines = files.get(path) ?? null
  const kind = random.next()
  if (kind < 0.04) {
    files.delete(path)
    return [`D ${quoted(path)}\n`]
  }
  if (kind < 0.08) {
    const renamed = `${path}.${random.int(1_000_000)}`
    files.delete(path)
    files.set(renamed, lines)
    touched.add(renamed)
    return [`R ${quoted(path)} ${quoted(renamed)}\n`]
  }
  if (lines !== null) {
    const start = random.int(lines.length)
    const fresh = Array.from({ length: random.int(12) }, () => line(random))
    files.set(path, lines.toSpliced(start, random.int(8), ...fresh))
  }
  return [inline(kind < 0.12 ? '100755' : '100644', path, contentOf({ files, random, ...tree }, path))]
}

const contentOf = ({ files, random }: Tree, path: string): Buffer => {
  const lines = files.get(path) ?? null
  if (lines !== null) return Buffer.from(lines.map((text) => `${text}\n`).join(''))
  return Buffer.from(Array.from({ length: 64 }, (_, index) => (index === 3 ? 0 : random.int(256))))
}

const words: ReadonlyArray<string> = [
  'pull',
  'push',
  'head',
  'event',
  'merge',
  'batch',
  'cursor',
  'leader',
  'rebase',
  'settle',
  '§',
  'é',
]

const line = (random: Random): string => `${random.pick(words)} ${random.pick(words)} ${random.int(100_000)}`

const inline = (mode: string, path: string, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`M ${mode} inline ${quoted(path)}\ndata ${content.length}\n`), content, Buffer.from('\n')])

/** **Source** git-fast-import(1), "filemodify": C-style quoting. */
const quoted = (path: string): string =>
  `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`
