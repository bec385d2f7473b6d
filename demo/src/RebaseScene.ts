/** The demo's second part: two clients change the same task offline; whoever comes second is rebased onto the first. */
import { join } from 'node:path'
import type { Checks } from './Checks.ts'
import { ClientProcess } from './ClientProcess.ts'
import { lookAtLeader } from './LeaderFiles.ts'
import type { LifeOptions } from './LifeOfAnEvent.ts'
import type { ObservedStep, TaskContract, TaskWrite } from './TaskContract.ts'
import type { Terminal } from './Terminal.ts'

const program = new URL('./TaskClient.ts', import.meta.url)
const storeId = 'rebase'
const before = 41

const annWrites: ReadonlyArray<TaskWrite> = [{ event: 'taskRenamed', id: 'task 7', title: 'water the plants (Ann)' }]
const benWrites: ReadonlyArray<TaskWrite> = [
  { event: 'taskRenamed', id: 'task 7', title: 'water the garden (Ben)' },
  { event: 'taskAdded', id: 'task 42', title: 'buy a hose (Ben)' },
]

export const showRebase = async ({ folder, backend, terminal, checks }: LifeOptions): Promise<void> => {
  const ann = new ClientProcess<TaskContract>(program, 'Ann')
  const ben = new ClientProcess<TaskContract>(program, 'Ben')
  const directoryOf = (name: string): string => join(folder, `rebase-${name}`)
  try {
    await Promise.all(
      [ann, ben].map((client) =>
        client.ask('open', { storeId, directory: directoryOf(client.name), backend: backend.address }),
      ),
    )
    const writes = Array.from({ length: before }, (_, index): TaskWrite => ({
      event: 'taskAdded',
      id: `task ${index + 1}`,
      title: `task ${index + 1}`,
    }))
    await ann.ask('commit', { writes, waitsFor: 'confirmed' })
    await Promise.all([ann, ben].map((client) => client.ask('reach', { what: 'settledHead', global: before })))
    await Promise.all([ann, ben].map((client) => client.ask('setOnline', false)))
    await ben.ask('watch', { after: `e${before}` })
    for (const write of annWrites) await ann.ask('commit', { writes: [write], waitsFor: 'persisted' })
    for (const write of benWrites) await ben.ask('commit', { writes: [write], waitsFor: 'persisted' })
    const pending = lookAtLeader(directoryOf('Ben'), storeId, before)
    terminal.line('  both offline; Ann renames task 7, Ben renames it too and adds another')
    terminal.table([
      ['', 'pending before', 'event'],
      ...logRows('Ann', lookAtLeader(directoryOf('Ann'), storeId, before).eventlog),
      ...logRows('Ben', pending.eventlog),
    ])
    await ann.ask('setOnline', true)
    await ann.ask('reach', { what: 'settledHead', global: before + 1 })
    terminal.line("\n  Ann is back online: her e42 is the backend's e42. Now Ben:")
    await ben.ask('setOnline', true)
    await Promise.all([ann, ben].map((client) => client.ask('reach', { what: 'settledHead', global: before + 3 })))
    const steps = await ben.ask('steps', { until: 'e44r1' })
    tellSteps(terminal, checks, steps)
    await tellAfter(terminal, checks, ann, ben, lookAtLeader(directoryOf('Ben'), storeId, before))
    await Promise.all([ann, ben].map((client) => client.ask('close', null)))
    await Promise.all([ann.ended, ben.ended])
  } finally {
    await Promise.all([ann.kill(), ben.kill()])
  }
}

const logRows = (
  name: string,
  rows: ReadonlyArray<{ readonly position: string; readonly name: string; readonly argsJson: string }>,
) => rows.map((row) => [name, row.position, `${row.name} ${row.argsJson}`])

/** Ben's log as `store.events({ pending: true })` told it: appended, rolled back, appended anew. */
const tellSteps = (terminal: Terminal, checks: Checks, steps: ReadonlyArray<ObservedStep>): void => {
  const rollback = steps.findIndex((step) => step.is === 'rollback')
  const [first, second] = [appendsOf(steps.slice(0, rollback)), appendsOf(steps.slice(rollback))]
  const rows = second.map(({ position, eventId, text }) => {
    const old = first.find((step) => step.eventId === eventId)
    return [old === undefined ? 'new, from Ann' : `${old.position} → ${position}`, position, text]
  })
  terminal.line(
    `  rolled back, newest first: ${first
      .toReversed()
      .map(({ position, text }) => `${position} ${text}`)
      .join(', then ')}`,
  )
  terminal.table([['renumbered', 'now at', 'event'], ...rows])
  checks.equal('rebase: rolled back to e41', steps[rollback], { is: 'rollback', to: 'e41' })
  checks.equal(
    'rebase: what was rolled back',
    first.map(({ position }) => position),
    ['e42', 'e43'],
  )
  checks.equal(
    "rebase: Ben's events were renumbered",
    rows.map(([moved]) => moved),
    ['new, from Ann', 'e42 → e43r1', 'e43 → e44r1'],
  )
}

const appendsOf = (steps: ReadonlyArray<ObservedStep>) => steps.flatMap((step) => (step.is === 'append' ? [step] : []))

const tellAfter = async (
  terminal: Terminal,
  checks: Checks,
  ann: ClientProcess<TaskContract>,
  ben: ClientProcess<TaskContract>,
  leader: ReturnType<typeof lookAtLeader>,
): Promise<void> => {
  const [atAnn, atBen] = await Promise.all([ann.ask('look', null), ben.ask('look', null)])
  const changed = (view: typeof atAnn): string =>
    view.tasks
      .filter(({ id }) => id === 'task 7' || id === 'task 42')
      .map(({ id, title }) => `${id}: ${title}`)
      .join('; ')
  terminal.line('\n  after:')
  terminal.table([
    ['', 'heads', 'tasks'],
    ['Ann', atAnn.sync.localHead, changed(atAnn)],
    ['Ben', atBen.sync.localHead, changed(atBen)],
  ])
  terminal.line(
    `  Ben's leader: one rebase, epoch ${leader.syncStatus.epoch}; the contents of his events are as they were, only their places have changed`,
  )
  checks.equal('rebase: both clients show the same', atAnn.tasks, atBen.tasks)
  checks.that(
    'rebase: the later one in the log has the last word',
    changed(atBen).includes('water the garden (Ben)'),
    '',
  )
  checks.equal(
    'rebase: all heads agree',
    [atAnn.sync, atBen.sync, leader.sync].map(({ localHead, pending }) => [localHead, pending.length]),
    [
      ['e44', 0],
      ['e44', 0],
      ['e44', 0],
    ],
  )
  checks.equal('rebase: there was one', leader.syncStatus.epoch, 1)
}
