/**
 * The SharedWorker that passes a session's port on to its leader's worker: a page cannot send a port to another page by
 * itself. It holds nothing else: a line that stands does not need it any more, and when it is gone (it lives in the process
 * of one of the tabs) whoever needs it next starts a new one.
 *
 * | page → broker | Means                                          | broker → page | Means                                   |
 * | ------------- | ---------------------------------------------- | ------------- | --------------------------------------- |
 * | `lead`        | `port` leads to the worker that leads `store`  | `passed`      | the port is on its way                  |
 * | `connect`     | pass `port` on to that leader                  | `unknown`     | that leader is not known here (yet)     |
 * |               |                                                | `ready`       | it holds `lock` for as long as it lives |
 *
 * A new broker says `started` on {@link brokerChannel}: pages whose workers lead register them again.
 */

import { takeLock } from './StoreLock.ts'

/** The broker's own channel. */
export const brokerChannel = 'headwater:broker'

export type ToBroker =
  | { readonly is: 'lead'; readonly store: string; readonly leader: string; readonly port: MessagePort }
  | {
      readonly is: 'connect'
      readonly store: string
      readonly leader: string
      readonly connection: string
      readonly port: MessagePort
    }

export type FromBroker =
  | { readonly is: 'passed' | 'unknown'; readonly connection: string }
  | { readonly is: 'ready'; readonly lock: string }

interface Registered {
  readonly leader: string
  readonly port: MessagePort
}

const leaderByStore = new Map<string, Registered>()

const register = ({ store, leader, port }: Extract<ToBroker, { readonly is: 'lead' }>): void => {
  leaderByStore.get(store)?.port.close()
  leaderByStore.set(store, { leader, port })
}

/** Whether the leader is known here. */
const pass = ({ store, leader, connection, port }: Extract<ToBroker, { readonly is: 'connect' }>): boolean => {
  const registered = leaderByStore.get(store)
  if (registered?.leader !== leader) return false
  registered.port.postMessage({ is: 'connect', connection, port }, [port])
  return true
}

const serve = async (page: MessagePort, lock: string, isLocked: Promise<unknown>): Promise<void> => {
  page.addEventListener('message', ({ data }: MessageEvent<ToBroker>) => {
    if (data.is === 'lead') return register(data)
    const answer: FromBroker = { is: pass(data) ? 'passed' : 'unknown', connection: data.connection }
    page.postMessage(answer)
  })
  page.start()
  await isLocked
  page.postMessage({ is: 'ready', lock } satisfies FromBroker)
}

/** Starts to serve pages; called by the SharedWorker's entry. */
export const serveBroker = (scope: EventTarget): void => {
  const lock = `${brokerChannel}:${crypto.randomUUID()}`
  const isLocked = takeLock(lock)
  scope.addEventListener('connect', (event) => void serve((event as MessageEvent).ports[0]!, lock, isLocked))
  new BroadcastChannel(brokerChannel).postMessage('started')
}
