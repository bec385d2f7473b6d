import { describe, expect, test } from 'vitest'
import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import { SqliteError } from '../../src/sqlite/SqliteError.ts'
import { sqlTokens } from '../../src/sqlite/SqlToken.ts'
import { makeStatementGuard } from '../../src/sqlite/StatementGuard.ts'
import type { StatementPurpose } from '../../src/sqlite/StatementGuard.ts'
import { StatementRefused } from '../../src/sqlite/StatementRefused.ts'

const connection = openBetterSqlite()
connection.exec(`
  CREATE TABLE parent (id TEXT NOT NULL PRIMARY KEY, n INTEGER) STRICT;
  CREATE TABLE child (id TEXT NOT NULL PRIMARY KEY, parent TEXT REFERENCES parent(id) ON DELETE CASCADE) STRICT;
  CREATE TABLE grandchild (id TEXT PRIMARY KEY, child TEXT REFERENCES child(id) ON DELETE SET NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE other (id INTEGER PRIMARY KEY, "weird name" TEXT) STRICT;
  CREATE INDEX child$parent ON child (parent);
  CREATE INDEX other$w ON other ("weird name");
  CREATE TABLE __headwater_state_head (id INTEGER);
  CREATE TABLE undeclared (id INTEGER);
  CREATE TEMP TABLE scratch (id INTEGER);
  CREATE TEMP TRIGGER capture AFTER INSERT ON other BEGIN INSERT INTO scratch VALUES (random()); END;
`)
connection.createFunction('__headwater_capture', { argumentCount: -1 }, () => null)
connection.createFunction('mine', { argumentCount: 1 }, (value) => value ?? null)
const guard = makeStatementGuard(connection, ['parent', 'child', 'grandchild', 'other'])
const inspect = (sql: string, purpose: StatementPurpose, params: ReadonlyArray<string> = []) =>
  guard.inspect(sql, params, purpose)

describe('tables', () => {
  test.each<[string, ReadonlyArray<string>]>([
    ['SELECT * FROM parent', ['parent']],
    ['SELECT count(*) FROM grandchild', ['grandchild']],
    ['SELECT id FROM child WHERE parent = ?', ['child']],
    [
      'SELECT p.n FROM parent p JOIN child c ON c.parent = p.id WHERE c.id IN (SELECT child FROM grandchild)',
      ['child', 'grandchild', 'parent'],
    ],
    [
      'WITH RECURSIVE x(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM x WHERE n < 5) SELECT n, (SELECT count(*) FROM other) FROM x',
      ['other'],
    ],
    ['SELECT "weird name" FROM OTHER WHERE "weird name" > \'a\'', ['other']],
    ['VALUES (1)', []],
    ["SELECT value FROM json_each('[1]')", []],
    ['/* a */ -- b\n SELECT 1', []],
    ['SELECT sum(n) OVER (ORDER BY id) FROM parent', ['parent']],
  ])('%s reads %j', (sql, reads) => {
    for (const purpose of ['read', 'query'] as const) {
      const params = sql.includes('?') ? ['x'] : []
      expect(inspect(sql, purpose, params)).toEqual({ reads, writes: [], cascades: [], isReader: true })
    }
  })

  test.each<
    [string, { reads?: ReadonlyArray<string>; writes: ReadonlyArray<string>; cascades?: ReadonlyArray<string> }]
  >([
    ['INSERT INTO parent VALUES (?, 1)', { writes: ['parent'] }],
    ['INSERT INTO child VALUES (?, NULL)', { writes: ['child'], cascades: ['parent'] }],
    ['REPLACE INTO other VALUES (1, ?)', { writes: ['other'] }],
    ['INSERT OR IGNORE INTO other VALUES (1, ?)', { writes: ['other'] }],
    ['INSERT INTO other SELECT n, ? FROM parent', { reads: ['parent'], writes: ['other'] }],
    [
      'INSERT INTO other VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET "weird name" = excluded."weird name"',
      { writes: ['other'] },
    ],
    [
      'UPDATE other SET "weird name" = (SELECT id FROM child WHERE parent = ?)',
      { reads: ['child'], writes: ['other'] },
    ],
    ['DELETE FROM grandchild', { writes: ['grandchild'], cascades: ['child'] }],
    ['DELETE FROM other', { writes: ['other'] }],
    ['DELETE FROM parent WHERE id = ?', { reads: ['parent'], writes: ['parent'], cascades: ['child', 'grandchild'] }],
    [
      'WITH x AS (SELECT id FROM child) DELETE FROM grandchild WHERE child IN x',
      { reads: ['child'], writes: ['grandchild'] },
    ],
  ])('%s does %j', (sql, { reads, writes, cascades }) => {
    const inspection = inspect(sql, 'write', sql.includes('?') ? ['x'] : [])
    expect(inspection).toMatchObject({ writes, cascades: cascades ?? [], isReader: false })
    // SQLite may open the written table for reading too: that is no dependency on another one.
    expect(inspection.reads.filter((name) => !writes.includes(name))).toEqual(
      (reads ?? []).filter((name) => !writes.includes(name)),
    )
  })
})

describe('refused in materializers', () => {
  test.each<[string, string]>([
    ...[
      'BEGIN',
      'COMMIT',
      'ROLLBACK',
      'SAVEPOINT a',
      'RELEASE a',
      'CREATE TABLE x (a)',
      'DROP TABLE parent',
      'ALTER TABLE parent ADD x',
      'CREATE INDEX i ON parent (n)',
      "ATTACH ':memory:' AS x",
      'DETACH x',
      'PRAGMA foreign_keys = OFF',
      'PRAGMA user_version',
      'VACUUM',
      "VACUUM INTO '/tmp/x'",
      'REINDEX',
      'ANALYZE',
      'EXPLAIN DELETE FROM parent',
      ' -- x\n/* SELECT */ pragma foreign_keys = off',
      '',
      ';',
      '-- SELECT',
      '"SELECT" 1',
      "'DELETE'",
    ].map((sql): [string, string] => [sql, 'only SELECT, INSERT, UPDATE and DELETE']),
    ['INSERT OR ROLLBACK INTO parent VALUES (1, 1)', 'OR ROLLBACK'],
    ['update /**/ or -- x\n fail parent SET n = 1', 'OR FAIL'],
    ['WITH x AS (SELECT 1) INSERT OR FAIL INTO parent VALUES (1, 1)', 'OR FAIL'],
    ['DELETE FROM __headwater_state_head', '"__headwater_state_head" is no table of the schema'],
    ['DELETE FROM undeclared', '"undeclared" is no table of the schema'],
    ['UPDATE parent SET n = (SELECT id FROM undeclared)', '"undeclared" is no table of the schema'],
    ['DELETE FROM sqlite_schema', ''],
    ['INSERT INTO scratch VALUES (1)', 'is no table of the schema'],
    ['UPDATE parent SET n = (SELECT count(*) FROM sqlite_schema)', '"sqlite_schema" is no table'],
    ["UPDATE parent SET n = (SELECT count(*) FROM pragma_table_info('parent'))", 'pragma_table_info'],
    ['DELETE FROM parent RETURNING id', 'RETURNING'],
    ['SELECT 1', 'it changes nothing'],
    ['UPDATE parent SET n = random()', 'random()'],
    ['UPDATE parent SET n = "RANDOM"()', 'random()'],
    ['UPDATE parent SET n = 1 WHERE random() > 0', 'random()'],
    ['UPDATE parent SET n = length(randomblob(4))', 'randomblob()'],
    ['UPDATE parent SET n = changes()', 'changes()'],
    ['UPDATE parent SET n = total_changes()', 'total_changes()'],
    ['UPDATE parent SET n = last_insert_rowid()', 'last_insert_rowid()'],
    ['INSERT INTO parent VALUES (sqlite_version(), 1)', 'sqlite_version()'],
    ['INSERT INTO parent VALUES (CURRENT_TIMESTAMP, 1)', 'current_timestamp'],
    ['INSERT INTO parent VALUES (current_date, 1)', 'current_date'],
    ['INSERT INTO parent VALUES (current_time, 1)', 'current_time'],
    ["INSERT INTO parent VALUES (date('now'), 1)", 'date()'],
    ["INSERT INTO parent VALUES (date ( 'NOW ' ), 1)", 'date()'],
    ['INSERT INTO parent VALUES (datetime(), 1)', 'datetime()'],
    ["INSERT INTO parent VALUES (strftime('%Y'), 1)", 'strftime()'],
    ["INSERT INTO parent VALUES (strftime('%Y', 'now'), 1)", 'strftime()'],
    ['INSERT INTO parent VALUES (julianday(?), 1)', "could be 'now'"],
    ['UPDATE parent SET n = unixepoch(id)', "could be 'now'"],
    ["UPDATE parent SET n = unixepoch(lower('NOW'))", "could be 'now'"],
    ["INSERT INTO parent VALUES (date(0, 'unixepoch', 'localtime'), 1)", 'time zone'],
    ["INSERT INTO parent VALUES (date(0, 'unixepoch', ?), 1)", 'modifiers must be literals'],
    ["INSERT INTO parent VALUES (date('2020-01-01') || date('now'), 1)", 'date()'],
    ["INSERT INTO parent VALUES (`date`('2020-01-01') || [date](/* */'now'), 1)", 'date()'],
    ["INSERT INTO parent VALUES (timediff('2020-01-01', ?), 1)", 'timediff()'],
    ['UPDATE parent SET n = __headwater_capture(1)', 'belongs to Headwater'],
  ])('%j', (sql, why) => {
    const params = sql.includes('?') ? ['now'] : []
    expect(() => inspect(sql, 'write', params)).toThrow(why)
    try {
      inspect(sql, 'write', params)
      expect.unreachable()
    } catch (error) {
      // SQLite itself refuses to compile a write to sqlite_schema.
      expect(error instanceof StatementRefused || (error instanceof SqliteError && why === '')).toBe(true)
    }
  })

  test('reads are held to the same, but for writing', () => {
    expect(() => inspect('SELECT random()', 'read')).toThrow('random()')
    expect(() => inspect('SELECT * FROM undeclared', 'read')).toThrow('no table of the schema')
    expect(() => inspect('DELETE FROM parent', 'read')).toThrow('it changes the database')
  })

  test('refusing changes nothing: a PRAGMA does its work while it is compiled', () => {
    for (const purpose of ['write', 'read', 'query'] as const)
      expect(() => inspect('PRAGMA foreign_keys = OFF', purpose)).toThrow(StatementRefused)
    expect(connection.prepare('PRAGMA foreign_keys').get()).toEqual([1])
    expect(connection.isInTransaction()).toBe(false)
  })
})

describe('allowed', () => {
  test.each([
    "UPDATE parent SET n = unixepoch('2020-01-01')",
    "UPDATE parent SET n = strftime('%Y', n, 'unixepoch')",
    "UPDATE parent SET n = julianday(n, 'julianday', '+1 day', 'start of month')",
    'UPDATE parent SET n = unixepoch(2460000.5)',
    'UPDATE parent SET n = mine(n)',
    "UPDATE parent SET n = length('random() now OR ROLLBACK')",
    'UPDATE parent SET n = abs(n) + coalesce(n, 1) + max(n, 2)',
    'UPDATE parent SET n = 1 WHERE n = 1 OR n = 2',
  ])('%s', (sql) => {
    expect(inspect(sql, 'write')).toMatchObject({ writes: ['parent'], isReader: false })
  })

  test('store.query reads what it likes, and never writes', () => {
    expect(inspect('SELECT random(), CURRENT_TIMESTAMP, * FROM undeclared, sqlite_schema', 'query').reads).toEqual([
      'sqlite_schema',
      'undeclared',
    ])
    for (const sql of ['DELETE FROM parent', 'DELETE FROM other', 'INSERT INTO parent VALUES (1, 1) RETURNING id']) {
      expect(() => inspect(sql, 'query')).toThrow('it changes the database')
    }
  })

  test("what does not compile is SQLite's to say", () => {
    expect(() => inspect('SELECT * FROM nope', 'query')).toThrow(SqliteError)
    expect(() => inspect('SELECT 1; SELECT 2', 'query')).toThrow(SqliteError)
  })
})

test('tokens', () => {
  const tokens = sqlTokens(
    `SELECT 'it''s', x'00', "a""b", [c d], \`e\`, 1.5e-3, .5, ?1, :p, größe -- x\n/* y */ <> "open`,
  )
  expect(tokens.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'word SELECT',
    "string it's",
    'symbol ,',
    'string 00',
    'symbol ,',
    'name a"b',
    'symbol ,',
    'name c d',
    'symbol ,',
    'name e',
    'symbol ,',
    'number 1.5e-3',
    'symbol ,',
    'number .5',
    'symbol ,',
    'symbol ?',
    'number 1',
    'symbol ,',
    'symbol :',
    'word p',
    'symbol ,',
    'word größe',
    'symbol <',
    'symbol >',
    'name open',
  ])
})
