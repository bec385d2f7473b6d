/**
 * `pnpm check:postgres`: what the server does on PostgreSQL, through HTTP, beside a raw program on the same database.
 *
 * Two servers as processes of their own, a PostgreSQL with fsync on (`DATABASE_URL`, or one of its own), the clients in this
 * process: on two cores they all share them. Every event that was acknowledged is counted in the database afterwards.
 */
import { postgresFixture, runSql } from '@headwater/testkit/postgres'
import { type AppendTarget, appendLoad, rawTarget, serverTarget } from './AppendLoad.ts'
import { startServers } from './PostgresServers.ts'
import { wakeUps } from './WakeUps.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const loads = [
  { name: 'hot_store_single', stores: 1, lanes: 1, batches: 200, batchSize: 1 },
  { name: 'hot_store_100', stores: 1, lanes: 1, batches: 50, batchSize: 100 },
  { name: 'stores_100_by_100', stores: 100, lanes: 50, batches: 400, batchSize: 100 },
  { name: 'stores_1000_by_10', stores: 1_000, lanes: 50, batches: 2_000, batchSize: 10 },
] as const

const main = async (): Promise<number> => {
  const postgres = await postgresFixture()
  const url = await postgres.makeDatabase()
  const servers = await startServers(url, 2)
  const through: AppendTarget = serverTarget(servers.urls)
  const raw: AppendTarget = await rawTarget(url)
  let acknowledged = 0
  for (const load of loads) {
    // The first round fills caches and plans; the second counts.
    const rates = { server: 0, raw: 0 }
    for (const round of ['warm', 'counted']) {
      rates.server = await appendLoad(through, { ...load, prefix: `${load.name}-${round}` })
      rates.raw = await appendLoad(raw, { ...load, prefix: `${load.name}-${round}-raw` })
      acknowledged += 2 * load.batches * load.batchSize
    }
    const share = Math.round((100 * rates.server) / rates.raw)
    say(
      `${load.name}: ${Math.round(rates.server)} events/s through HTTP, ${Math.round(rates.raw)} raw: ${share} % (appends/s ${Math.round(rates.server / load.batchSize)})`,
    )
  }
  const wake = await wakeUps(servers.urls, 60)
  acknowledged += wake.events
  say(
    `wake-up across servers: p50 ${wake.p50Ms.toFixed(1)} ms, p95 ${wake.p95Ms.toFixed(1)} ms, of ${wake.events} at rest`,
  )
  const [row] = await runSql(
    url,
    'SELECT count(*) AS n, count(DISTINCT (store_id, event_id)) AS ids FROM headwater_events',
  )
  const [stored, ids] = [Number(row?.['n']), Number(row?.['ids'])]
  await raw.close()
  await servers.stop()
  await postgres.close()
  say(`PROOF acknowledged=${acknowledged} stored=${stored} twice=${stored - ids} lost=${acknowledged - stored}`)
  return acknowledged === stored && stored === ids ? 0 : 1
}

process.exitCode = await main()
