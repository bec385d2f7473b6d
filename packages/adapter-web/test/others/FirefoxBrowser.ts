/** Firefox as it is installed, over WebDriver BiDi, which it speaks by itself. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { makeProfile } from '@headwater/testkit/browser'
import { asText, readText, type RemoteBrowser, type RemotePage } from './RemoteBrowser.ts'

interface Answer {
  readonly id?: number
  readonly type: 'success' | 'error' | 'event'
  readonly message?: string
  readonly result: Readonly<Record<string, unknown>>
}

type Command = (method: string, params?: object) => Promise<Answer['result']>

/** Starts it headless, with an empty profile. */
export const openFirefox = async (executable: string): Promise<RemoteBrowser> => {
  const profile = makeProfile()
  const flags = ['--headless', '--no-remote', '--profile', profile.path, '--remote-debugging-port=0']
  const child = spawn(executable, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
  const socket = new WebSocket(`${await endpointOf(child)}/session`)
  await once(socket, 'open')
  const command = commandsOver(socket)
  const session = await command('session.new', { capabilities: {} })
  const { browserName, browserVersion } = session['capabilities'] as Record<string, string>
  return {
    name: `${browserName} ${browserVersion}`,
    open: (url) => openTab(command, url),
    close: async () => {
      const ended = once(child, 'exit')
      child.kill()
      await ended
      profile.remove()
    },
  }
}

const endpointOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const endpoint = /WebDriver BiDi listening on (\S+)/.exec(said)?.[1]
      if (endpoint !== undefined) resolve(endpoint)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Firefox ended with code ${code}: ${said.slice(-2000)}`)))
  })

const commandsOver = (socket: WebSocket): Command => {
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const answer = JSON.parse(data) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = (last += 1)
      waiting.set(id, ({ type, message, result }) => {
        waiting.delete(id)
        if (type === 'success') resolve(result)
        else reject(new Error(`${method}: ${message}`))
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
}

const openTab = async (command: Command, url: string): Promise<RemotePage> => {
  const { context } = await command('browsingContext.create', { type: 'tab' })
  await command('browsingContext.navigate', { context, url, wait: 'complete' })
  return {
    evaluate: async (expression) => {
      const target = { context }
      const { result } = await command('script.evaluate', {
        expression: asText(expression),
        target,
        awaitPromise: true,
      })
      return readText((result as { readonly value: string }).value)
    },
    close: async () => void (await command('browsingContext.close', { context })),
  }
}
