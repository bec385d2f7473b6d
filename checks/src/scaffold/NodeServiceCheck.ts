/** The service template, started, asked, stopped and started again. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { startNode } from '../workspace/Background.ts'
import { mustBe } from './Expectation.ts'
import type { ScaffoldedProject } from './ScaffoldedProject.ts'

/** **Shape**  what was seen to work. **Fails with** the first thing that did not. */
export const checkNodeService = async (project: ScaffoldedProject): Promise<ReadonlyArray<string>> => {
  await project.npm('test')
  await project.npm('run', 'check')
  const port = await freePort()
  const options = { cwd: project.folder, env: { PORT: String(port) }, ready: /listening on (http:\S+)/ }
  const first = await startNode(['src/main.ts'], options)
  const url = `${first.match[1]}/todos`
  const made = await fetch(url, { method: 'POST', body: '{"text":"milk"}' })
  mustBe(made.status === 201, `POST /todos answered ${made.status}`)
  mustBe((await first.end()) === 0, 'src/main.ts does not end with 0 on SIGTERM')
  const again = await startNode(['src/main.ts'], options)
  const todos = (await (await fetch(url)).json()) as ReadonlyArray<{ readonly text: string }>
  await again.end()
  mustBe(todos.length === 1 && todos[0]!.text === 'milk', 'what was answered 201 is not there after a restart')
  return ['tests', 'types', 'a todo that is there after a restart']
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
