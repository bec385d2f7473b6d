/** The real leader worker, which hangs or freezes when it is told to. */
import '../src/LeaderWorker.ts'

/** `Int32Array` in shared memory: frozen until it is not 0 and notified. */
export interface FreezeRequest {
  readonly freezeOn: Int32Array
}

const isFreezeRequest = (message: unknown): message is FreezeRequest =>
  typeof message === 'object' && message !== null && 'freezeOn' in message

process.on('workerMessage', (message: unknown) => {
  if (isFreezeRequest(message)) {
    // Says that it is frozen, and waits.
    Atomics.store(message.freezeOn, 1, 1)
    Atomics.notify(message.freezeOn, 1)
    Atomics.wait(message.freezeOn, 0, 0)
  }
  if (message !== 'hang') return
  for (;;) Math.sqrt(2)
})
