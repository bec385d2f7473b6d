/** The SharedWorker between tabs: composition only. */
import { serveBroker } from './PortBroker.ts'

serveBroker(globalThis as unknown as EventTarget)
