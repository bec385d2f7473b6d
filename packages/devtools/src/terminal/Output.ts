/** Where a command writes: lines for people or programs on one side, what went wrong on the other. */
export interface Output {
  readonly line: (text: string) => void
  readonly trouble: (text: string) => void
}

/** The process's own. A reader that closes the pipe (`| head`) ends the command without a word. */
export const processOutput = (): Output => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    line: (text) => void process.stdout.write(`${text}\n`),
    trouble: (text) => void process.stderr.write(`headwater: ${text}\n`),
  }
}

export const lines = (output: Output, texts: ReadonlyArray<string>): void => {
  for (const text of texts) output.line(text)
}
