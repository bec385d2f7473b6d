/**
 * Any browser with a WebDriver server: Safari (`safaridriver -p 4444`), WebKitGTK (`WebKitWebDriver -p 4444`), Firefox
 * (`geckodriver`). It runs one command at a time, of all tabs, so nothing here is waited for inside of a command.
 */
import { asText, readText, type RemoteBrowser, type RemotePage } from './RemoteBrowser.ts'

/** How often an expression is asked whether it is done. **Units** ms. */
const pollMs = 20

type Command = (method: string, path: string, body?: object) => Promise<unknown>

/** A session of the server at that address. */
export const openWebDriver = async (address: string, alwaysMatch: object = {}): Promise<RemoteBrowser> => {
  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
    const text = body === undefined ? null : JSON.stringify(body)
    const response = await fetch(`${address}${path}`, { method, body: text })
    const { value } = (await response.json()) as { readonly value: { readonly message?: string } }
    if (!response.ok) throw new Error(`${path}: ${value.message}`)
    return value
  }
  const { sessionId, capabilities } = (await send('POST', '/session', { capabilities: { alwaysMatch } })) as {
    readonly sessionId: string
    readonly capabilities: Readonly<Record<string, string>>
  }
  const command: Command = (method, path, body) => send(method, `/session/${sessionId}${path}`, body)
  const tabs = new Tabs(command, (await command('GET', '/window')) as string)
  return {
    name: `${capabilities['browserName']} ${capabilities['browserVersion']}`,
    open: (url) => tabs.open(url),
    close: async () => void (await command('DELETE', '')),
  }
}

class Tabs {
  readonly #command: Command
  /** The last command: the next one has to find its tab in front. */
  #turn: Promise<unknown> = Promise.resolve()
  #expressions = 0
  /** The first one, which stays: a tab is opened from one that is there. */
  readonly #home: string

  constructor(command: Command, home: string) {
    this.#command = command
    this.#home = home
  }

  async open(url: string): Promise<RemotePage> {
    const made = await this.#in(this.#home, () => this.#command('POST', '/window/new', { type: 'tab' }))
    const { handle } = made as { readonly handle: string }
    await this.#in(handle, () => this.#command('POST', '/url', { url }))
    return {
      evaluate: (expression) => this.#evaluate(handle, expression),
      close: async () => void (await this.#in(handle, () => this.#command('DELETE', '/window'))),
    }
  }

  async #evaluate(handle: string, expression: string): Promise<unknown> {
    const name = `headwaterExpression${(this.#expressions += 1)}`
    const run = (script: string): Promise<unknown> =>
      this.#in(handle, () => this.#command('POST', '/execute/sync', { script, args: [] }))
    await run(`globalThis.${name} = null; ${asText(expression)}.then((text) => { globalThis.${name} = text })`)
    for (;;) {
      const text = await run(`return globalThis.${name}`)
      if (text !== null) return readText(text as string)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  #in(handle: string, command: () => Promise<unknown>): Promise<unknown> {
    return this.#next(async () => {
      await this.#command('POST', '/window', { handle })
      return await command()
    })
  }

  #next<A>(body: () => Promise<A>): Promise<A> {
    const done = this.#turn.then(body, body)
    this.#turn = done
    return done
  }
}
