import { backendMutations } from './list/BackendMutations.ts'
import { effectMutations } from './list/EffectMutations.ts'
import { electricMutations } from './list/ElectricMutations.ts'
import { feedMutations } from './list/FeedMutations.ts'
import { logMutations } from './list/LogMutations.ts'
import { mergeMutations } from './list/MergeMutations.ts'
import { nodeMutations } from './list/NodeMutations.ts'
import { queryMutations } from './list/QueryMutations.ts'
import { reactMutations } from './list/ReactMutations.ts'
import { serverMutations } from './list/ServerMutations.ts'
import { sessionMutations } from './list/SessionMutations.ts'
import { sqliteMutations } from './list/SqliteMutations.ts'
import { webMutations } from './list/WebMutations.ts'
import type { Mutation } from './Mutation.ts'

/**
 * Every seeded fault, in the order in which an event meets the code: merge, leader, backend, session, SQLite, queries, server,
 * the adapters, Electric, and React on top.
 */
export const mutations: ReadonlyArray<Mutation> = [
  ...mergeMutations,
  ...logMutations,
  ...effectMutations,
  ...feedMutations,
  ...backendMutations,
  ...sessionMutations,
  ...sqliteMutations,
  ...queryMutations,
  ...serverMutations,
  ...electricMutations,
  ...nodeMutations,
  ...webMutations,
  ...reactMutations,
]
