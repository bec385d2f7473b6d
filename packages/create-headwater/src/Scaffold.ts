import { chmodSync, cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { makeProjectFolder } from './ProjectFolder.ts'
import type { Template } from './Template.ts'

export interface ScaffoldRequest {
  readonly template: Template
  readonly folder: string
  /** The package's name. */
  readonly name: string
}

/** Where a template says its project's name. */
const placeholder = '{{name}}'

/** Makes the project, all of it or nothing. **Fails with** `ScaffoldRefused`, or what the file system throws. */
export const scaffold = ({ template, folder, name }: ScaffoldRequest): void =>
  makeProjectFolder(folder, (draft) => {
    cpSync(template.folder, draft, { recursive: true })
    // `mkdtemp` keeps others out; a project is as open as its owner's other folders.
    chmodSync(draft, 0o777 & ~process.umask())
    for (const file of filesOf(draft)) fillIn(file, name)
    // Packers leave `.gitignore` out, and take it for their own.
    renameSync(path.join(draft, '_gitignore'), path.join(draft, '.gitignore'))
  })

const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))

const fillIn = (file: string, name: string): void => {
  const text = readFileSync(file, 'utf8')
  if (path.basename(file) === 'package.json') {
    const { description: _template, ...manifest } = JSON.parse(text) as Record<string, unknown>
    writeFileSync(file, `${JSON.stringify({ ...manifest, name }, null, 2)}\n`)
  } else if (text.includes(placeholder)) {
    writeFileSync(file, text.replaceAll(placeholder, name))
  }
}
