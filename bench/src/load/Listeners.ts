import { fileURLToPath } from 'node:url'
import { type OrderedProcess, startOrderedProcess } from '../OrderedProcess.ts'
import type { ListenAnswer, ListenOrder } from './ListenProcess.ts'
import type { PaceAnswer, PaceOrder } from './PaceProcess.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Live readers in a process of their own. */
export const startListeners = (): Promise<OrderedProcess<ListenOrder, ListenAnswer>> =>
  startOrderedProcess(fileOf('ListenProcess.ts'), [])

/** Writers that keep to a rate, in a process of their own. */
export const startPace = (): Promise<OrderedProcess<PaceOrder, PaceAnswer>> =>
  startOrderedProcess(fileOf('PaceProcess.ts'), [])
