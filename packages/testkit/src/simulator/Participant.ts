/** Who takes part in a simulation, and what it remembers of them. */
import type { EventSequenceNumber } from '@headwater/core'
import type { MemoryBackend } from '../MemoryBackend.ts'
import type { SimulatedNetwork } from './SimulatedBackend.ts'
import type { SimulatedClient, SimulatedSession } from './SimulatedClient.ts'
import type { World } from './World.ts'

export interface Participant {
  readonly client: SimulatedClient
  readonly network: SimulatedNetwork
  /** Lets sessions opened from now on bring the backend. */
  readonly attach: () => void
}

/** What a session had been seen at. */
export interface Watched {
  readonly epoch: number
  readonly attachment: number
  readonly upstreamHead: EventSequenceNumber
  readonly settledHead: EventSequenceNumber
}

export interface Simulation {
  readonly world: World
  readonly backend: MemoryBackend
  readonly participants: ReadonlyArray<Participant>
  readonly watched: Map<SimulatedSession, Watched>
  readonly trace: (line: string) => void
  rejected: number
}
