/** Typed joins, aggregates and sub-queries with Kysely, an optional peer dependency: see `docs/queries.md`. */
export { firstOf, kyselyOf, rowsOf } from './kysely/KyselyOf.ts'
export type { DatabaseOf, SelectBuilder, Tables } from './kysely/KyselyOf.ts'
export { KyselyInvalid, UnknownTable } from './kysely/KyselyError.ts'
export { nullable } from './kysely/Nullable.ts'
