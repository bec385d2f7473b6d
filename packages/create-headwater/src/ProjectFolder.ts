/**
 * The folder that a project comes into. All of it is written beside it first and then takes its name, so that whatever
 * happens on the way (a full disk, Ctrl-C, a power cut), there is a whole project or none.
 */
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ScaffoldRefused } from './ScaffoldRefused.ts'

/** Refuses a folder that something is in already. **Fails with** `ScaffoldRefused`. */
export const checkProjectFolder = (folder: string): void => {
  if (!existsSync(folder)) return
  if (!lstatSync(folder).isDirectory())
    throw new ScaffoldRefused(`${folder} is there and no folder: choose another name`)
  if (readdirSync(folder).length > 0)
    throw new ScaffoldRefused(`${folder} is not empty: choose another name, or empty it`)
}

/** Has `write` fill a new folder, and gives it the name. **Fails with** what `write` throws; nothing is left then. */
export const makeProjectFolder = (folder: string, write: (folder: string) => void): void => {
  checkProjectFolder(folder)
  const parent = path.dirname(path.resolve(folder))
  // The topmost folder that is made here is the one to take away again.
  const made = mkdirSync(parent, { recursive: true })
  const draft = mkdtempSync(path.join(parent, '.create-headwater-'))
  const discard = (): void => rmSync(draft, { recursive: true, force: true })
  process.once('exit', discard)
  try {
    write(draft)
    moveInto(draft, folder)
  } catch (error) {
    discard()
    if (made !== undefined) rmSync(made, { recursive: true, force: true })
    throw error
  } finally {
    process.removeListener('exit', discard)
  }
}

const moveInto = (draft: string, folder: string): void => {
  const isWorkingFolder = path.resolve(folder) === process.cwd()
  if (!isWorkingFolder) {
    if (existsSync(folder)) rmdirSync(folder)
    renameSync(draft, folder)
    return
  }
  // The folder that a shell stands in has to stay the one that it is.
  const moved: Array<string> = []
  try {
    for (const name of readdirSync(draft)) {
      renameSync(path.join(draft, name), path.join(folder, name))
      moved.push(name)
    }
    rmdirSync(draft)
  } catch (error) {
    for (const name of moved) rmSync(path.join(folder, name), { recursive: true, force: true })
    throw error
  }
}

/** The folder as a shell takes it: `my app` is `"my app"`. */
export const shellPath = (folder: string): string => (/^[\w./~@-]+$/.test(folder) ? folder : JSON.stringify(folder))
