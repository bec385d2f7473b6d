import { fileURLToPath } from 'node:url'
import { startOrderedProcess } from '../OrderedProcess.ts'
import type { AppendAnswer, AppendOrder, AppendPlan } from './AppendProcess.ts'

const file = fileURLToPath(new URL('AppendProcess.ts', import.meta.url))

/** Pushes as fast as a plan allows, from a process of its own. Its stores have to be there. */
export const appendLoad = async (plan: AppendPlan): Promise<AppendAnswer> => {
  const generator = await startOrderedProcess<AppendOrder, AppendAnswer>(file, [])
  await generator.order({ do: 'prepare', plan })
  const answer = await generator.order({ do: 'run' })
  generator.stop()
  return answer
}
