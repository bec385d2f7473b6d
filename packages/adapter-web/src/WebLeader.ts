/**
 * Where storage and election meet inside the leader's worker. `LeaderWorker.ts` is one call of `serveLeader(files)`
 * (`LeaderScope.ts`): election, ports and heartbeat are there; everything that touches OPFS is behind {@link WebFiles}.
 *
 * A worker's life:
 *
 * | Step                         | Who                | If it fails                                                     |
 * | ---------------------------- | ------------------ | --------------------------------------------------------------- |
 * | takes the Web Lock           | `LeaderScope.ts`   | `locked`: somebody else leads                                   |
 * | `files.open`                 | storage            | `failed` with the typed error; the lock is released             |
 * | `new Leader({ storage })`    | core               | the same, after `close()`                                       |
 * | serves sessions              | `LeaderScope.ts`   |                                                                 |
 * | `close()`, releases the lock | both               | the worker ends in any case, which frees handles and lock       |
 *
 * The lock may be stolen from a leader that does not answer. The thief is the one that opens the files next; the old
 * leader may still hold its handles, or may wake up at any time:
 *  1. `open` waits up to `takeOverMs` for handles that are held: an old leader that lives finds that its lock is gone and
 *     lets go, one that hangs in a tab that runs is ended by that tab.
 *  2. After that it copies with `getFile()` to a folder of the next term and goes on there. It must not copy before
 *     `takeOverMs` have passed: for as long the old leader's lease (`LeaderLease.ts`) may still let it answer
 *     sessions, and what it has answered has to be in the copy.
 *  3. An old leader that wakes up in the middle of a write may tear the copy: read until two copies are equal, and let a
 *     write that begins ask `mayWrite()`.
 */
import type { LeaderStorage } from '@headwater/core/adapter'

/** What `open` is told. */
export interface OpenFilesOptions {
  readonly storeId: string
  /** Default `headwater`: the folder of the origin that holds all stores. */
  readonly directory: string
  /** The lock was taken from a leader that does not answer. Otherwise handles that are held are about to be freed: wait. */
  readonly isTakeOver: boolean
  /** How long to wait for handles before the files are copied, in a take-over. **Units** ms. */
  readonly takeOverMs: number
  /** False once this leader knows that it has lost the lock, or cannot be sure: nothing may be written. Synchronous and cheap. */
  readonly mayWrite: () => boolean
}

/** A store's files, open for its leader. */
export interface OpenFiles {
  readonly storage: LeaderStorage
  /** Frees every handle. Called once, after the leader has closed its databases (or without that, in an emergency). */
  readonly close: () => void
}

/** Everything that the leader's worker does with OPFS. The caller of each method holds the store's lock. */
export interface WebFiles {
  /** **Fails with** a typed error (`OpfsUnavailable`, `SqliteError`, …); nothing is left open then. */
  readonly open: (options: OpenFilesOptions) => Promise<OpenFiles>
  /** **Fails with** `StoreExists`, `ImportRefused` …; nothing is left then. */
  readonly importLog: (storeId: string, directory: string, bytes: Uint8Array) => Promise<void>
  /** Deletes all files of a store, of every term. */
  readonly wipe: (storeId: string, directory: string) => Promise<void>
}
