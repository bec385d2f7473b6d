import type { SqliteValue } from './SqliteValue.ts'

/**
 * A builder query's `where` as plain data, with values as SQLite stores them. `query/ConditionSql.ts` turns it into
 * SQL, `query/Predicate.ts` evaluates it on a row in JavaScript; both mean the same by a property test.
 *
 * Every condition is true, false or unknown (SQL's three-valued logic); only true keeps a row.
 */
export type Condition =
  | { readonly kind: 'and'; readonly conditions: ReadonlyArray<Condition> }
  | { readonly kind: 'or'; readonly conditions: ReadonlyArray<Condition> }
  | {
      readonly kind: 'compare'
      readonly column: string
      readonly operator: CompareOperator
      readonly value: Exclude<SqliteValue, null>
    }
  | { readonly kind: 'in'; readonly column: string; readonly values: ReadonlyArray<Exclude<SqliteValue, null>> }
  | { readonly kind: 'like'; readonly column: string; readonly pattern: string }
  | { readonly kind: 'isNull'; readonly column: string; readonly isNull: boolean }

export type CompareOperator = '=' | '!=' | '<' | '<=' | '>' | '>='
