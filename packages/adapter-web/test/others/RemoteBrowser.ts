/** A browser other than the one that all tests run in, driven by what every browser has: nothing that only Chromium knows. */
export interface RemotePage {
  /** The value of an expression, awaited there. **Shape**  what JSON can say. **Fails with** an `Error` that says what it threw. */
  readonly evaluate: (expression: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

export interface RemoteBrowser {
  /** As it names itself, with its version. */
  readonly name: string
  /** A new tab, loaded. */
  readonly open: (url: string) => Promise<RemotePage>
  readonly close: () => Promise<void>
}

/** The expression as one whose value is the text of `{ value }` or `{ failure }`. */
export const asText = (expression: string): string =>
  `(async () => (${expression}))().then(
    (value) => JSON.stringify({ value }),
    (error) => JSON.stringify({ failure: String(error) }))`

/** What {@link asText} has said. **Fails with** the failure. */
export const readText = (text: string): unknown => {
  const { value, failure } = JSON.parse(text) as { readonly value?: unknown; readonly failure?: string }
  if (failure !== undefined) throw new Error(failure)
  return value
}
