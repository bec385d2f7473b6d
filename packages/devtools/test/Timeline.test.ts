import { parsePosition, type StepEvent, type StoreStep } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { entriesMax, Timeline } from '../src/panel/Timeline.ts'

const event = (text: string, id: string = text, name: string | null = 'named'): StepEvent => ({
  position: parsePosition(text)!,
  id,
  name,
})
const commit = (...events: ReadonlyArray<StepEvent>): StoreStep => ({ _tag: 'commit', events, ms: 2 })

describe('a timeline', () => {
  test('joins commits that follow each other within a second, and nothing across something else', () => {
    const timeline = new Timeline()
    timeline.step(commit(event('e1')), 0)
    timeline.step(commit(event('e2'), event('e2.1')), 999)
    timeline.step(commit(event('e3')), 1000)
    timeline.notice({ _tag: 'reinstated', eventId: 'x' }, 1001)
    timeline.step(commit(event('e4')), 1002)
    expect(timeline.entries.map(({ title, text, ms }) => [title, text, ms])).toEqual([
      ['3 events committed here', '2 commits', 4],
      ['1 event committed here', '', 2],
      ['A refused event came back', 'x', null],
      ['1 event committed here', '', 2],
    ])
  })

  test('tells own events from those of others in an advance', () => {
    const timeline = new Timeline()
    timeline.step({ _tag: 'advance', added: [event('e2', 'b')], confirmed: [event('e1', 'a')], ms: 1 }, 0)
    expect(timeline.entries[0]?.title).toBe('1 event persisted, 1 event of others applied')
  })

  test('draws a rebase: what went, what came, what moved', () => {
    const timeline = new Timeline()
    timeline.step(
      {
        _tag: 'rebase',
        base: { global: 1, client: 0 },
        rolledBack: [event('e2', 'gone', null), event('e3', 'mine'), event('e4', 'refused')],
        added: [event('e2', 'theirs'), event('e3r1', 'mine')],
        confirmed: [],
        dropped: [event('e4', 'refused')],
        ms: 3,
      },
      0,
    )
    expect(timeline.entries[0]).toMatchObject({
      kind: 'rebase',
      title: 'Rebased onto e1',
      text: '1 event of others went first, 1 event put on top again, 1 event left the log',
      rebase: {
        counts: { undone: 2, others: 1, moved: 1, dropped: 1 },
        undone: ['e2', 'e4 named'],
        others: ['e2 named'],
        moved: [{ from: 'e3', to: 'e3r1' }],
      },
    })
  })

  test('keeps a bounded number of entries, each with a bounded number of events', () => {
    const timeline = new Timeline()
    const rebase = (events: ReadonlyArray<StepEvent>): StoreStep => ({
      _tag: 'rebase',
      base: { global: 0, client: 0 },
      rolledBack: events,
      added: events,
      confirmed: [],
      dropped: [],
      ms: 1,
    })
    for (let at = 1; at < 2 * entriesMax; at++) timeline.step(rebase([event('e1')]), at)
    timeline.step(rebase(Array.from({ length: 10_000 }, (_, i) => event(`e${i + 1}`))), 2 * entriesMax)
    expect(timeline.entries).toHaveLength(entriesMax)
    expect(timeline.dropped).toBe(entriesMax)
    expect(timeline.entries.at(-1)?.number).toBe(2 * entriesMax - 1)
    expect(timeline.entries.at(-1)?.rebase?.counts.moved).toBe(10_000)
    expect(timeline.entries.at(-1)?.rebase?.moved).toHaveLength(20)
  })

  test('a list that was read stays as it is', () => {
    const timeline = new Timeline()
    timeline.step(commit(event('e1')), 0)
    const before = timeline.entries
    timeline.step(commit(event('e2')), 1)
    timeline.notice({ _tag: 'reinstated', eventId: 'x' }, 2)
    expect(before.map(({ title }) => title)).toEqual(['1 event committed here'])
    expect(timeline.entries.map(({ title }) => title)).toEqual(['2 events committed here', 'A refused event came back'])
  })
})
