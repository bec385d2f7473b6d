/** Pages that show files of the repository whole: ```` ```ts file=path ```` blocks. `pnpm docs:embed` fills them. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { workspaceRoot } from '../workspace/Workspace.ts'

/** **Shape**  paths from the root, of every page in `docs/` that shows a file. */
export const embeddingPages = (): ReadonlyArray<string> =>
  globSync('docs/**/*.md', { cwd: workspaceRoot }).filter((page) => embedSources(readPage(page)).files.length > 0)

export const readPage = (page: string): string => readFileSync(path.join(workspaceRoot, page), 'utf8')

/** The text with each fenced block that has a `file=` filled from that file. **Shape** `files`: in order, from the root. */
export const embedSources = (text: string): { readonly text: string; readonly files: ReadonlyArray<string> } => {
  const files: Array<string> = []
  // Four backticks where the source has three in a comment.
  const filled = text.replaceAll(
    /^(`{3,})(\w+) file=(\S+)\n[^]*?^\1$/gm,
    (_, fence: string, language: string, file: string) => {
      files.push(file)
      return `${fence}${language} file=${file}\n${readPage(file)}${fence}`
    },
  )
  return { text: filled, files }
}

if (import.meta.main)
  for (const page of embeddingPages()) writeFileSync(path.join(workspaceRoot, page), embedSources(readPage(page)).text)
