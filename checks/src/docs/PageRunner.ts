/** `node PageRunner.ts FOLDER FILE…`: runs modules one behind the other; a line for each that fails. See `PageCode.ts`. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [scratch = '', ...files] = process.argv.slice(2)
console.log = () => undefined
for (const file of files) {
  const folder = path.join(scratch, path.basename(file))
  mkdirSync(folder, { recursive: true })
  process.chdir(folder)
  try {
    await import(pathToFileURL(file).href)
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    process.stdout.write(`PROBLEM ${JSON.stringify(`${path.basename(file)}: ${message}\n${stack}`)}\n`)
  }
}
// What a page leaves open ends with it.
process.exit(0)
