/** Writes the sources that `docs/write-a-backend.md` names into it: `node examples/backend-file/test/EmbeddedSources.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

export const page: string = join(root, 'docs/write-a-backend.md')

/** The text with each fenced block that has a `file=` filled from that file. **Shape** `files`: in order, from the root. */
export const embedSources = (text: string): { readonly text: string; readonly files: ReadonlyArray<string> } => {
  const files: Array<string> = []
  // Four backticks where the source has three in a comment.
  const filled = text.replaceAll(/^(`{3,})ts file=(\S+)\n[^]*?^\1$/gm, (_, fence: string, file: string) => {
    files.push(file)
    return `${fence}ts file=${file}\n${readFileSync(join(root, file), 'utf8')}${fence}`
  })
  return { text: filled, files }
}

if (import.meta.main) writeFileSync(page, embedSources(readFileSync(page, 'utf8')).text)
