import type { StoreStatus } from '@headwater/core'
import { useStoreNotice, useSyncStatus } from '@headwater/react'
import { type ReactNode, useEffect, useState } from 'react'
import { setOffline, useOffline } from './OfflineSwitch.ts'

/** How the list stands towards the server, and the plug. */
export const StatusLine = (): ReactNode => {
  const status = useSyncStatus()
  const isOffline = useOffline()
  const syncedAt = useSyncedAt(status)
  const { kind, text } = describe(status, isOffline)
  return (
    <section className="status" data-status={kind} aria-label="Sync">
      <p>
        <span className="status-text" role="status">
          {text}
        </span>
        {syncedAt === null ? null : <LastSynced at={syncedAt} />}
        <Warnings status={status} />
      </p>
      <button aria-pressed={isOffline} onClick={() => setOffline(!isOffline)}>
        {isOffline ? 'Go online' : 'Go offline'}
      </button>
    </section>
  )
}

type Kind = 'synced' | 'sending' | 'offline' | 'stopped'

const describe = (status: StoreStatus, isOffline: boolean): { readonly kind: Kind; readonly text: string } => {
  const { session, backend, outdatedBy } = status
  const pending = session.pending + backend.pending
  const changes = `${pending} ${pending === 1 ? 'change' : 'changes'}`
  const waiting = pending === 0 ? '' : `, ${changes} pending`
  if (outdatedBy !== null) return { kind: 'stopped', text: 'A newer version is open: reload this page' }
  if (backend.connection === 'stopped') return { kind: 'stopped', text: backend.error?.message ?? 'Sync has stopped' }
  if (isOffline) return { kind: 'offline', text: `Offline${waiting}` }
  if (backend.connection === 'offline') return { kind: 'offline', text: `The server is out of reach${waiting}` }
  if (pending > 0) return { kind: 'sending', text: `Sending ${changes}` }
  return status.isSynced ? { kind: 'synced', text: 'Synced' } : { kind: 'sending', text: 'Connecting' }
}

const syncedAtKey = 'todomvc-synced-at'

/** When everything was last the same here and at the server; remembered over reloads. **Units** ms since 1970. */
const useSyncedAt = ({ isSynced, backend }: StoreStatus): number | null => {
  const [syncedAt, setSyncedAt] = useState(() => Number(localStorage.getItem(syncedAtKey)) || null)
  useEffect(() => {
    if (!isSynced) return
    const now = Date.now()
    localStorage.setItem(syncedAtKey, String(now))
    setSyncedAt(now)
  }, [isSynced, backend.head])
  return syncedAt
}

const LastSynced = ({ at }: { readonly at: number }): ReactNode => {
  const date = new Date(at)
  const isToday = date.toDateString() === new Date().toDateString()
  const shown = isToday ? date.toLocaleTimeString() : date.toLocaleString()
  return (
    <span className="last-synced">
      last synced <time dateTime={date.toISOString()}>{shown}</time>
    </span>
  )
}

/** What a user should know of where the list is kept, and of changes that the server has refused. */
const Warnings = ({ status: { storage } }: { readonly status: StoreStatus }): ReactNode => {
  const [refusal, setRefusal] = useState<string | null>(null)
  useStoreNotice((notice) => {
    if (notice._tag === 'rejected') setRefusal(`The server has refused a change: ${notice.refused.reason}`)
  })
  if (refusal !== null) return <span className="warning">{refusal}</span>
  if (storage.kind === 'memory') return <span className="warning">{storage.warnings[0]?.message}</span>
  return null
}
