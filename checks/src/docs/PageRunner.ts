/** `node PageRunner.ts FOLDER FILE…`: runs modules one behind the other; a line for each that fails. See `PageCode.ts`. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [scratch = '', ...files] = process.argv.slice(2)
console.log = () => undefined
let running = ''
const report = (error: unknown): void => {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  process.stdout.write(`PROBLEM ${JSON.stringify(`${path.basename(running)}: ${message}\n${stack}`)}\n`)
}
process.on('uncaughtException', report)
for (const file of files) {
  running = file
  const folder = path.join(scratch, path.basename(file))
  mkdirSync(folder, { recursive: true })
  process.chdir(folder)
  try {
    await import(pathToFileURL(file).href)
  } catch (error) {
    report(error)
  }
}
// What a page leaves open ends with it.
process.exit(0)
