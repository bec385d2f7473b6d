/** Follows the tutorial in an empty folder: npm from a registry of this run, a browser, and the ports that are free. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { workspaceRoot } from '@headwater/checks/workspace/Workspace'
import { freePort } from '@headwater/testkit/postgres'
import { tutorialChecks, type TutorialWorld } from './TutorialChecks.ts'
import { TutorialReader } from './TutorialReader.ts'
import { tutorialSteps } from './TutorialStep.ts'

/** Ports that the page names. */
const namedPorts = ['5173', '4173', '4800']

/** **Shape**  `folder`: empty; what was seen to work. **Fails with** the first step that did not, with its line. */
export const followTutorial = async (
  folder: string,
  registry: string,
  browser: TutorialWorld['browser'],
): Promise<ReadonlyArray<string>> => {
  const text = readFileSync(path.join(workspaceRoot, 'docs/tutorial.md'), 'utf8')
  const steps = tutorialSteps(text)
  const ports = new Map<string, string>()
  for (const port of namedPorts) ports.set(port, String(await freePort()))
  const reader = new TutorialReader(folder, registry, ports)
  const seen: Array<string> = []
  try {
    for (const step of steps) {
      try {
        if (step.kind === 'check') seen.push(await tutorialChecks[step.name]!({ browser, reader }))
        else await reader.do(step)
      } catch (error) {
        throw new Error(`docs/tutorial.md:${step.line}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        })
      }
    }
  } finally {
    await reader.stopAll()
  }
  const commands = steps.filter(({ kind }) => kind !== 'check' && kind !== 'file').length
  return [`${commands} commands, ${steps.filter(({ kind }) => kind === 'file').length} files`, ...seen]
}
