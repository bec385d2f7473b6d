import type { SqliteConnection } from '@headwater/core/sqlite'

/** Fills an empty database with one of everything an image has to carry: storage classes, indexes, keys, overflow pages. */
export const fillImage = (connection: SqliteConnection): void => {
  connection.exec(`
    CREATE TABLE untyped (value);
    CREATE TABLE "tâble 😀" (id INTEGER PRIMARY KEY, "列" TEXT UNIQUE, amount REAL);
    CREATE TABLE keyed (a TEXT, b INTEGER, c BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE INDEX by_b ON keyed (b, c);
    CREATE VIEW both AS SELECT a FROM keyed UNION ALL SELECT "列" FROM "tâble 😀"`)
  const insert = connection.prepare('INSERT INTO untyped VALUES (?)')
  const values = [
    null,
    0n,
    1n,
    1,
    -0,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    1e300,
    Infinity,
    '',
    'a\0b',
    'ä€😀',
    '1',
  ]
  for (const value of values) insert.run([value])
  insert.run([new Uint8Array()])
  insert.run([new Uint8Array(20_000).map((_, index) => index % 256)])
  insert.run(['overflow '.repeat(3000)])
  const insertKeyed = connection.prepare('INSERT INTO keyed VALUES (?, ?, ?)')
  for (let index = 0; index < 500; index++) insertKeyed.run([`key ${index % 50}`, index, new Uint8Array([index % 256])])
  connection.exec(`INSERT INTO "tâble 😀" VALUES (-5, 'x', 0.1), (7, NULL, NULL)`)
  for (const statement of [insert, insertKeyed]) statement.finalize()
}
