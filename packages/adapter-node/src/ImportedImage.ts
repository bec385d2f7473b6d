import { prepareImportedLog } from '@headwater/core/adapter'
import { openBetterSqlite } from './BetterSqliteConnection.ts'

/** An exported log as the eventlog of another client. **Fails with** `FormatUnsupported`, `SqliteError`: it is none, or damaged. */
export const importedImage = (bytes: Uint8Array): Uint8Array => {
  const image = openBetterSqlite({ image: bytes })
  try {
    prepareImportedLog(image, crypto.randomUUID())
    return image.serialize()
  } finally {
    image.close()
  }
}
