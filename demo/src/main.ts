import { runDemo } from './Demo.ts'
import { BadFlag, type DemoOptions, readOptions, usage } from './DemoOptions.ts'
import { GitFailed } from './Git.ts'
import { makeTerminal } from './Terminal.ts'

const run = async (options: DemoOptions): Promise<number> => {
  try {
    return (await runDemo(options, makeTerminal(process.stdout))) === 0 ? 0 : 1
  } catch (error) {
    // A repository that was named and is none is a wrong flag; anything else is a demo that did not come to its end.
    const isBadRepository = error instanceof GitFailed && options.isRepositoryNamed
    process.stderr.write(
      `demo: ${isBadRepository ? `--repo ${options.repository}: ${error.message}` : String(error)}\n`,
    )
    return isBadRepository ? 2 : 1
  }
}

const main = async (): Promise<number> => {
  try {
    const options = readOptions(process.argv.slice(2))
    if (options !== null) return await run(options)
    process.stdout.write(usage)
    return 0
  } catch (error) {
    if (!(error instanceof BadFlag)) throw error
    process.stderr.write(`demo: ${error.message}; --help shows the flags\n`)
    return 2
  }
}

/** Far beyond what it may take: whatever waits by then waits for ever. **Units** ms. */
const givenUpAfterMs = 150_000
setTimeout(() => {
  process.stderr.write(`demo: not at its end after ${givenUpAfterMs / 1_000} s, given up\n`)
  process.exit(1)
}, givenUpAfterMs).unref()
// By default an interrupted process ends without its `exit` listeners, which take clients and files away.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

process.exitCode = await main()
