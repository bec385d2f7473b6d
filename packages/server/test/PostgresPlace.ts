import { runSql } from '@headwater/testkit/postgres'
import type { Place } from './HttpBackendUnderTest.ts'

/** Tables of their own in one database, so that many tests can share it. */
export const postgresPlace = (url: string, schema: string): Place => {
  const edit = (text: string, ...values: ReadonlyArray<unknown>) =>
    runSql(url, text.replaceAll('headwater_', `${schema}.headwater_`), values)
  return {
    options: { database: { url, schema, connections: 4 } },
    replaceLog: async (storeId) => {
      await edit('DELETE FROM headwater_events WHERE store_id = $1', storeId)
      await edit('DELETE FROM headwater_stores WHERE store_id = $1', storeId)
    },
    restore: async (storeId, global) => {
      await edit(
        `WITH cut AS (DELETE FROM headwater_events WHERE store_id = $1 AND seq > $2)
         UPDATE headwater_stores SET head = $2, head_id =
           (SELECT event_id FROM headwater_events WHERE store_id = $1 AND seq = $2) WHERE store_id = $1`,
        storeId,
        global,
      )
    },
  }
}
