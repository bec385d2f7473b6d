/** What a reader of the tutorial does, in order: commands to type, files to write, things to look at. */

export type TutorialStep =
  | { readonly kind: 'command'; readonly command: string; readonly line: number }
  /** Goes on until something stops it. */
  | { readonly kind: 'background'; readonly command: string; readonly line: number }
  | { readonly kind: 'file'; readonly file: string; readonly text: string; readonly line: number }
  | { readonly kind: 'check'; readonly name: string; readonly line: number }

/** Blocks of code that are neither commands nor files, and would be left out, are an error. **Fails with** `Error`. */
export const tutorialSteps = (text: string): ReadonlyArray<TutorialStep> =>
  [...text.matchAll(/^<!-- check: (\S+) -->$|^```(\S+)(.*)\n([^]*?)^```$/gm)].flatMap(
    (match): ReadonlyArray<TutorialStep> => {
      const [, check, language = '', flags = '', body = ''] = match
      const line = text.slice(0, match.index).split('\n').length
      if (check !== undefined) return [{ kind: 'check', name: check, line }]
      const file = /title="([^"]+)"/.exec(flags)?.[1]
      if (file !== undefined) return [{ kind: 'file', file, text: body, line }]
      if (language !== 'sh')
        throw new Error(`line ${line}: a block of ${language} that nobody would know what to do with`)
      const kind = flags.trim() === 'background' ? 'background' : 'command'
      return body
        .trim()
        .split('\n')
        .map((command) => ({ kind, command, line }))
    },
  )
