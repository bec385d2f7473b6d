#!/usr/bin/env node
/**
 * `npm create headwater`. Only this file is read by a Node that is too old, so it imports nothing: what the program needs
 * is loaded when it is sure to load.
 */
// What every package of Headwater runs on (`engines`).
const lowest = [22, 19] as const

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < lowest[0] || (major === lowest[0] && minor < lowest[1])) {
  const needed = lowest.join('.')
  process.stderr.write(
    `create-headwater needs Node ${needed} or newer, this is ${process.versions.node}: install a current Node\n`,
  )
  process.exitCode = 1
} else {
  const { runProgram } = await import('./Program.ts')
  process.exitCode = await runProgram(process.argv.slice(2))
}
