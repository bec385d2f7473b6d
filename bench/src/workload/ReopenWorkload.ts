import type { Workload } from '../Workload.ts'

export const reopenWorkload: Workload = {
  name: 'reopen',
  about:
    'createStore on the files of a store with 100,000 rows and nothing pending, until its first query has answered',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => (await import('./HeadwaterReopen.ts')).measureHeadwaterReopen(),
    },
    { name: 'raw', engine: 'better-sqlite3', run: async () => (await import('./RawReopen.ts')).measureRawReopen() },
  ],
  figures: [
    { name: '1k', unit: 'ms', about: 'a log of 1,000 confirmed events', comparisons: [{ against: 'raw' }] },
    { name: '20k', unit: 'ms', about: 'a log of 20,000', comparisons: [{ against: 'raw' }] },
    { name: '100k', unit: 'ms', about: 'a log of 100,000', comparisons: [{ against: 'raw' }] },
    {
      name: 'overhead',
      unit: '×',
      about: 'a log of 100,000, without 100 ms for the start of the worker, over opening and copying the state file',
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 2 } }],
    },
    {
      name: 'growth',
      unit: '×',
      about: 'a log of 100,000 against one of 1,000',
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 1.1 } }],
    },
  ],
}

export const reopenUnsyncedWorkload: Workload = {
  name: 'reopen-unsynced',
  about: 'createStore on the files of a store with 20,000 events that the backend, which is offline, has not got',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => (await import('./HeadwaterReopen.ts')).measureHeadwaterUnsynced(),
    },
    { name: 'raw', engine: 'better-sqlite3', run: async () => (await import('./RawReopen.ts')).measureRawUnsynced() },
  ],
  figures: [
    {
      name: 'ready',
      unit: 'ms',
      about: 'until the first query has answered, median of 5; raw opens and copies the state file',
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 300 } }, { against: 'raw' }],
    },
  ],
}
