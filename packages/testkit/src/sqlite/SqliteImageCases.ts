import { isMarkedAsWal } from '@headwater/core/sqlite'
import { dumpDatabase } from '../SqliteDump.ts'
import { equal, isTrue } from '../Assert.ts'
import { fillImage } from './ImageFixture.ts'
import { type SqliteCase, failsWith, query } from './SqliteCase.ts'

export const sqliteImageCases: ReadonlyArray<SqliteCase> = [
  {
    name: 'an image opens with the same content and can be written on',
    run: async ({ connection, open }) => {
      fillImage(connection)
      const image = connection.serialize()
      const copy = await open(image)
      equal(dumpDatabase(copy), dumpDatabase(connection))
      copy.exec('BEGIN; INSERT INTO untyped SELECT randomblob(5000) FROM untyped; COMMIT; DELETE FROM keyed')
      equal(query(copy, 'PRAGMA integrity_check'), [['ok']])
      equal(dumpDatabase(await open(copy.serialize())), dumpDatabase(copy))
      equal(dumpDatabase(await open(image)), dumpDatabase(connection))
    },
  },
  {
    name: 'foreign keys are enforced in a database from an image',
    run: async ({ connection, open }) => {
      connection.exec('CREATE TABLE p (id PRIMARY KEY); CREATE TABLE c (p REFERENCES p)')
      const copy = await open(connection.serialize())
      failsWith({ reason: 'ConstraintFailed' }, () => copy.exec('INSERT INTO c VALUES (1)'))
    },
  },
  {
    name: "the bytes are the caller's: plain, alone in their buffer, transferable, unchanged by later writes",
    run: ({ connection }) => {
      fillImage(connection)
      const image = connection.serialize()
      const copy = image.slice()
      connection.exec('DELETE FROM untyped; VACUUM')
      equal(image, copy)
      equal(Object.getPrototypeOf(image), Uint8Array.prototype)
      equal([image.byteOffset, image.buffer.byteLength], [0, image.byteLength])
      equal(structuredClone(image, { transfer: [image.buffer as ArrayBuffer] }), copy)
    },
  },
  {
    name: 'the image given is not changed and not kept',
    run: async ({ connection, open }) => {
      fillImage(connection)
      const image = connection.serialize()
      const before = image.slice()
      const copy = await open(image)
      copy.exec('DELETE FROM untyped')
      equal(image, before)
      image.fill(0)
      equal(query(copy, 'PRAGMA integrity_check'), [['ok']])
    },
  },
  {
    name: 'an image that is a part of a larger buffer',
    run: async ({ connection, open }) => {
      fillImage(connection)
      const image = connection.serialize()
      const larger = new Uint8Array(image.length + 200)
      larger.set(image, 100)
      const copy = await open(larger.subarray(100, 100 + image.length))
      equal(dumpDatabase(copy), dumpDatabase(connection))
    },
  },
  {
    name: 'the image of an empty database, and no bytes at all, open as an empty database',
    run: async ({ connection, open }) => {
      for (const image of [connection.serialize(), new Uint8Array()]) {
        const empty = await open(image)
        equal(query(empty, 'SELECT count(*) FROM sqlite_schema'), [[0n]])
        empty.exec('CREATE TABLE t (a)')
      }
    },
  },
  {
    name: 'an image of 20 MB',
    run: async ({ connection, open }) => {
      connection.exec('CREATE TABLE t (a)')
      const insert = connection.prepare('INSERT INTO t VALUES (zeroblob(1000000))')
      for (let index = 0; index < 20; index++) insert.run()
      const copy = await open(connection.serialize())
      equal(query(copy, 'SELECT sum(length(a)) FROM t'), [[20_000_000n]])
    },
  },
  {
    name: 'serialize inside a transaction fails with Misuse',
    run: ({ connection }) => {
      connection.exec('CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)')
      failsWith({ reason: 'Misuse' }, () => connection.serialize())
      connection.exec('COMMIT')
      isTrue(connection.serialize().length > 0, 'an image')
    },
  },
  {
    name: 'an image becomes the content of a file, whatever was in it',
    needs: 'file',
    run: async ({ connection, openFile }) => {
      fillImage(connection)
      const old = await openFile('replaced')
      old.exec('CREATE TABLE old (a); INSERT INTO old VALUES (1)')
      old.close()
      const image = connection.serialize()
      const first = await openFile('replaced', image)
      equal(dumpDatabase(first), dumpDatabase(connection))
      first.close()
      equal(dumpDatabase(await openFile('replaced')), dumpDatabase(connection))
    },
  },
  {
    name: 'the image of a WAL file is not marked as WAL; one that is opens all the same',
    needs: 'wal',
    run: async ({ open, openFile }) => {
      const file = await openFile('wal')
      equal(query(file, 'PRAGMA journal_mode = WAL'), [['wal']])
      fillImage(file)
      const image = file.serialize()
      equal(isMarkedAsWal(image), false)
      equal(dumpDatabase(await open(image)), dumpDatabase(file))
      const marked = image.slice()
      marked.fill(2, 18, 20)
      equal(dumpDatabase(await open(marked)), dumpDatabase(file))
      equal(isMarkedAsWal(marked), true)
    },
  },
]
