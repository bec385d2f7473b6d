import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'
import { expect, test } from 'vitest'
// By path: the adapter depends on this package, so this package cannot depend on the adapter.
import { openBetterSqlite } from '../../adapter-node/src/BetterSqliteConnection.ts'
import { dumpDatabase, fillImage } from '../src/index.ts'

const sqlite = await loadWasmSqlite()
const drivers = {
  native: (image?: Uint8Array) => openBetterSqlite(image === undefined ? {} : { image }),
  wasm: (image?: Uint8Array) => openWasmSqlite(sqlite, image === undefined ? {} : { image }),
}

for (const [from, open] of Object.entries(drivers)) {
  for (const [to, reopen] of Object.entries(drivers)) {
    test(`an image made by ${from} opens in ${to}, with the same content, and comes back`, () => {
      const first = open()
      fillImage(first)
      const second = reopen(first.serialize())
      expect(dumpDatabase(second)).toBe(dumpDatabase(first))
      second.exec("INSERT INTO untyped VALUES ('written there'); DELETE FROM keyed WHERE b % 3 = 0")
      const third = open(second.serialize())
      expect(dumpDatabase(third)).toBe(dumpDatabase(second))
      for (const connection of [first, second, third]) connection.close()
    })
  }
}
