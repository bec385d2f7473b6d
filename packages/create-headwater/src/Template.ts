import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ScaffoldRefused } from './ScaffoldRefused.ts'

/** A project to start from, complete but for its name. */
export interface Template {
  /** What `--template` takes: the folder's name. */
  readonly name: string
  /** One line for people who choose. */
  readonly description: string
  /** Absolute. */
  readonly folder: string
}

/** The templates that this version brings, made beside its code by `scripts/bundleTemplates.ts`. */
export const bundledTemplates: string = path.join(import.meta.dirname, 'templates')

/** **Fails with** `ScaffoldRefused` where they were not bundled: in a clone that was not built. */
export const readTemplates = (folder: string = bundledTemplates): ReadonlyArray<Template> => {
  try {
    return readdirSync(folder)
      .toSorted()
      .map((name) => readTemplate(path.join(folder, name)))
  } catch (cause) {
    throw new ScaffoldRefused(`there are no templates in ${folder}: run the build of create-headwater first`, { cause })
  }
}

const readTemplate = (folder: string): Template => {
  const { description } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Template
  return { name: path.basename(folder), description, folder }
}

/** **Fails with** `ScaffoldRefused`, which names those that there are. */
export const templateNamed = (templates: ReadonlyArray<Template>, name: string): Template => {
  const found = templates.find((template) => template.name === name)
  if (found !== undefined) return found
  const names = templates.map((template) => template.name).join(', ')
  throw new ScaffoldRefused(`there is no template "${name}": choose one of ${names}`)
}
