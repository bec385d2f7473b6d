import path from 'node:path'
import { ScaffoldRefused } from './ScaffoldRefused.ts'

/** What npm takes for a new package, with or without a scope. */
const packageName = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/

/** Longer names are refused by npm. */
const lengthMax = 214

/** **Fails with** `ScaffoldRefused`. */
export const checkPackageName = (name: string): string => {
  if (packageName.test(name) && name.length <= lengthMax) return name
  throw new ScaffoldRefused(`"${name}" is no name for a package: use small letters, digits and dashes (--name my-app)`)
}

/** A name made of a folder's: `My App` is `my-app`. */
export const packageNameOf = (folder: string): string => {
  const name = path
    .basename(path.resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '')
  return name === '' ? 'headwater-project' : name.slice(0, lengthMax)
}
