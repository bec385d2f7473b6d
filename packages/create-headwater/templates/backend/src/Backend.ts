/**
 * A sync backend for Headwater. **To be written:** `ping`, `push`, `pull` and `connection`, over your storage.
 *
 * `PushJudgement.ts` has what a push is answered, and `Cursor.ts` what tells a restored log from the one it was. Both know
 * nothing of storage; most backends take them as they are.
 */
import type { BackendEvent, SyncBackend, SyncBackendProvider } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'

export interface BackendOptions {
  /** Gives the reason to refuse an event. Default: every event is taken. */
  readonly validate?: (event: BackendEvent) => string | undefined
}

export interface Backend extends SyncBackendProvider {
  /** Ends every stream and every connection to the storage; the next call opens them again. */
  readonly close: () => void
}

/** **Example** `createStore({ schema, storeId: 'demo', adapter, backend: makeBackend() })` */
export const makeBackend = (_options: BackendOptions = {}): Backend => ({
  name: '{{name}}',
  make: (_client) => {
    const backend: SyncBackend = {
      name: '{{name}}',
      ping: toBeWritten('ping: which log this is (`backendId`), and its head'),
      push: (_batch) => toBeWritten('push: judge the batch, append it in one step, sync it to disk, answer'),
      pull: (_request) => Stream.unwrap(toBeWritten('pull: pages behind `after`; live ones stay open')),
      connection: Stream.unwrap(toBeWritten('connection: the present state, then every change')),
    }
    return Effect.succeed(backend)
  },
  close: () => undefined,
})

/** A defect, which nobody retries: the suite shows it as it is. */
const toBeWritten = (what: string): Effect.Effect<never> => Effect.die(new Error(`to be written: ${what}`))
