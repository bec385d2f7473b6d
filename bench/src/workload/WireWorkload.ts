import type { Figure, Workload } from '../Workload.ts'

interface Scenario {
  readonly name: string
  readonly about: string
  readonly requests: { readonly max: number; readonly why: string }
  readonly bytes: { readonly max: number; readonly why: string }
}

/** An event of this app is about 390 bytes of JSON: four ids of 36 characters, its args, the names of ten fields. */
const scenarios: ReadonlyArray<Scenario> = [
  {
    name: 'open',
    about: 'a new client opens an empty store and idles for ten seconds',
    requests: { max: 2, why: 'which log is this, and the live stream' },
    bytes: { max: 2_000, why: 'the headers of two requests and two answers, an empty page, no heartbeat yet' },
  },
  {
    name: 'commit',
    about: 'one commit at rest, until it is confirmed',
    requests: { max: 1, why: 'the push; the stream brings it back' },
    bytes: { max: 2_000, why: 'the event up and down, the headers of one request and its answer, a page around it' },
  },
  {
    name: 'batch',
    about: '100 commits of one task, until all are confirmed',
    requests: { max: 1, why: 'they travel together' },
    bytes: { max: 80_000, why: '400 an event, up and down' },
  },
  {
    name: 'pull',
    about: 'a new client gets 1,000 events',
    requests: { max: 2, why: 'as for an empty store: the stream begins with what there is' },
    bytes: { max: 402_000, why: '400 an event, and what opening costs' },
  },
]

const figuresOf = ({ name, about, requests, bytes }: Scenario): ReadonlyArray<Figure> => [
  {
    name: `${name}Requests`,
    unit: 'requests',
    about: `${about}; budget: ${requests.why}`,
    comparisons: [{ against: null, target: { of: 'median', is: '<=', value: requests.max } }],
  },
  {
    name: `${name}Bytes`,
    unit: 'bytes',
    about: `${about}; both ways with headers; budget: ${bytes.why}`,
    comparisons: [{ against: null, target: { of: 'median', is: '<=', value: bytes.max } }],
  },
]

export const wireWorkload: Workload = {
  name: 'wire',
  about: 'requests and bytes between a client and the real server, heartbeats and idling ten times as fast',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => (await import('./HeadwaterWire.ts')).measureWire(),
    },
  ],
  figures: scenarios.flatMap(figuresOf),
}
