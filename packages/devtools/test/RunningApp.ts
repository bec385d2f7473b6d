/** A process with the troubled store open: `node RunningApp.ts DIRECTORY worker|same-thread`. Says what it knows, then does what it is told. */
import { memoryAdapter, nodeAdapter } from '@headwater/adapter-node'
import { itemAdded } from './Shop.ts'
import { openTroubledStore, rebaseUnderOther } from './TroubledStore.ts'

/** **Shape** `rebase`: goes online, is rebased, and says so when it is synced. */
export type ToApp =
  | { readonly is: 'commit'; readonly id: string }
  | { readonly is: 'rebase' }
  | { readonly is: 'close' }

export type FromApp =
  | { readonly is: 'open'; readonly refusedId: string; readonly quarantinedId: string; readonly clientId: string }
  | { readonly is: 'done' }

const [, , directory = '', leader] = process.argv
const adapter = nodeAdapter({ directory, leader: leader === 'worker' ? 'worker' : 'same-thread' })
const troubled = await openTroubledStore(adapter, memoryAdapter())
const { store, other, refusedId, quarantinedId } = troubled
const say = (message: FromApp): void => void process.send!(message)

const take = async (message: ToApp): Promise<void> => {
  if (message.is === 'commit') await store.commit(itemAdded({ id: message.id, name: 'more', amount: 1 })).persisted
  else if (message.is === 'rebase') await rebaseUnderOther(troubled)
  else {
    await Promise.all([store.close(), other.close()])
    process.disconnect()
    return
  }
  say({ is: 'done' })
}
process.on('message', (message: ToApp) => void take(message))
say({ is: 'open', refusedId, quarantinedId, clientId: store.clientId })
