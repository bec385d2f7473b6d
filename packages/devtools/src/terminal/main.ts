#!/usr/bin/env node
// Checked before anything is loaded: better-sqlite3 ends a Node that is too old without a word.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`headwater: needs Node 22.19 or newer, this is ${process.versions.node}; install a current Node`)
  process.exitCode = 1
} else {
  const [{ runCli }, { processOutput }] = await Promise.all([import('./Cli.ts'), import('./Output.ts')])
  const ended = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort())
  process.exitCode = await runCli(process.argv.slice(2), processOutput(), ended.signal)
}
export {}
