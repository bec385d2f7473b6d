/**
 * Runs git. Everything that a user's configuration could change about the answers is set back, so that two commands
 * that are compared with each other count the same way.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'

export class GitFailed extends Error {
  override readonly name = 'GitFailed'
}

/** Set for every command, before its name. */
const settings: ReadonlyArray<string> = [
  'log.showSignature=false',
  'log.follow=false',
  'log.showRoot=true',
  'diff.renames=false',
  'diff.noprefix=false',
  'diff.relative=false',
  'diff.ignoreSubmodules=none',
  'core.quotePath=false',
  'i18n.logOutputEncoding=UTF-8',
  'color.ui=never',
  'gc.auto=0',
].flatMap((setting) => ['-c', setting])

const start = (repository: string, args: ReadonlyArray<string>): ChildProcessWithoutNullStreams => {
  // Inside a hook GIT_DIR and its like name another repository than the one we were given.
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')))
  return spawn('git', [...settings, '-C', repository, ...args], {
    env: { ...environment, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' },
  })
}

/**
 * What git prints, piece by piece; ending the iteration early ends git.
 *
 * **Fails with**  `GitFailed`, with git's own last line.
 */
export async function* gitStream(repository: string, args: ReadonlyArray<string>): AsyncGenerator<Buffer, void, void> {
  const child = start(repository, args)
  child.stdin.end()
  const ended = endOf(child, args)
  let isComplete = false
  try {
    for await (const piece of child.stdout) yield piece as Buffer
    isComplete = true
  } finally {
    if (!isComplete) {
      ended.catch(() => undefined)
      child.kill()
    }
  }
  await ended
}

/** Everything git prints. **Fails with** `GitFailed`. */
export const git = async (repository: string, args: ReadonlyArray<string>, input?: Buffer): Promise<Buffer> => {
  const child = start(repository, args)
  const ended = endOf(child, args)
  const pieces: Array<Buffer> = []
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
  // git may stop reading before the end, when it finds the input wrong; its message says so.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  await ended
  return Buffer.concat(pieces)
}

const endOf = (child: ChildProcessWithoutNullStreams, args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    let told = ''
    child.stderr.on('data', (piece: Buffer) => (told += piece.toString()))
    child.on('error', (error) => {
      const isMissing = 'code' in error && error.code === 'ENOENT'
      reject(
        new GitFailed(
          isMissing ? 'git is not installed, and the demo reads a git history: install git' : error.message,
        ),
      )
    })
    child.on('close', (code) => {
      if (code === 0) return resolve()
      const lastLine = told.trim().split('\n').at(-1) ?? ''
      reject(new GitFailed(`git ${args[0] ?? ''} failed: ${lastLine === '' ? `exit code ${code}` : lastLine}`))
    })
  })

/**
 * Text of bytes that git gives as they are. File names and old author names need not be UTF-8; of those every byte
 * beyond ASCII becomes `\xNN`, so that two different names stay different.
 */
export const textOf = (bytes: Buffer): string => {
  const text = bytes.toString('utf8')
  if (!text.includes('\ufffd')) return text
  return Array.from(bytes, escaped).join('')
}

const escaped = (byte: number): string => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)
