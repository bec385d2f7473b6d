/**
 * The engine on real SQLite files and a backend that fails on demand: one case per sentence of spec section 7, and of
 * sections 3 to 6 where leader, session and store meet. No sleeps: cases wait for statuses, rows and receipts.
 */
import { afterAll } from 'vitest'
import { provedCases } from './Case.ts'
import './cases/Arrivals.ts'
import './cases/Backend.ts'
import './cases/ClientOnly.ts'
import './cases/CommitFailures.ts'
import './cases/Corruption.ts'
import './cases/Crashes.ts'
import './cases/Following.ts'
import './cases/FaultyBackends.ts'
import './cases/History.ts'
import './cases/Inspection.ts'
import './cases/LeaderFaults.ts'
import './cases/LogReaders.ts'
import './cases/Pages.ts'
import './cases/Prefixes.ts'
import './cases/Receipts.ts'
import './cases/Refusals.ts'
import './cases/Sessions.ts'
import './cases/StorageFailures.ts'
import './cases/Versions.ts'
import './cases/WriteOrder.ts'

afterAll(() => {
  process.stdout.write(`PROOF engine_cases=${provedCases()}\n`)
})
