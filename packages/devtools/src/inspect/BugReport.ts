/**
 * A bug report: what a client's log and heads are, and what went on, in one JSON file that `headwater replay` makes a store
 * of again. Its args are redacted to shapes (`Redaction.ts`) unless somebody asked for the values.
 *
 * | Field         | Holds                                                                                          |
 * | ------------- | ---------------------------------------------------------------------------------------------- |
 * | `store`       | ids and the schema as data: version, fingerprint, tables, names of events                      |
 * | `log`         | heads, and the events: all of the client's log (`isComplete`) or the newest ones of it         |
 * | `pending`     | what only the session had, not its leader                                                      |
 * | `rejected`    | dead letters, dismissed ones too where a file was read                                         |
 * | `quarantined` | events without effect, with the error                                                          |
 * | `status`      | `store.status` at that moment; `null` in a report made of files                                |
 * | `timeline`, `queries` | what the panel saw; empty in a report made of files                                    |
 * | `files`       | names and sizes; empty in a report made by a session                                           |
 *
 * Positions are texts: `e42`, `e42.1`, `e43r2`. The format's version counts up when an older reader could not read it.
 */
import * as Schema from 'effect/Schema'

export const reportFormat = 'headwater-report'
export const reportVersion = 1

/** An event. `argsJson` is there where `args` would not be written as it was committed. */
export const ReportEvent = Schema.Struct({
  position: Schema.String,
  id: Schema.String,
  name: Schema.String,
  args: Schema.Unknown,
  argsJson: Schema.optionalKey(Schema.String),
  clientId: Schema.String,
  sessionId: Schema.String,
  commitId: Schema.String,
  createdAt: Schema.Number,
  isClientOnly: Schema.Boolean,
  syncMetadata: Schema.Unknown,
})
export type ReportEvent = typeof ReportEvent.Type

export const ReportRejected = Schema.Struct({
  ...ReportEvent.fields,
  reason: Schema.Literals(['refused', 'group', 'collision', 'too-large']),
  detail: Schema.String,
  isDismissed: Schema.Boolean,
})
export type ReportRejected = typeof ReportRejected.Type

export const BugReport = Schema.Struct({
  format: Schema.Literal(reportFormat),
  version: Schema.Number,
  createdAt: Schema.String,
  /** Who made it. */
  from: Schema.Literals(['session', 'files']),
  /** Of packages, platforms, and whatever the app adds. */
  versions: Schema.Record(Schema.String, Schema.String),
  redaction: Schema.Literals(['shapes', 'none']),
  store: Schema.Struct({
    storeId: Schema.String,
    clientId: Schema.String,
    sessionId: Schema.NullOr(Schema.String),
    adapter: Schema.NullOr(Schema.String),
    backend: Schema.NullOr(Schema.String),
    schema: Schema.Struct({
      version: Schema.NullOr(Schema.Number),
      fingerprint: Schema.NullOr(Schema.String),
      tables: Schema.Array(Schema.Struct({ name: Schema.String, createSql: Schema.Array(Schema.String) })),
      eventNames: Schema.NullOr(Schema.Array(Schema.String)),
    }),
  }),
  log: Schema.Struct({
    epoch: Schema.Number,
    term: Schema.Number,
    attachment: Schema.Number,
    backendId: Schema.NullOr(Schema.String),
    localHead: Schema.String,
    settledHead: Schema.String,
    isComplete: Schema.Boolean,
    events: Schema.Array(ReportEvent),
  }),
  pending: Schema.Array(ReportEvent),
  rejected: Schema.Array(ReportRejected),
  quarantined: Schema.Array(Schema.Struct({ eventId: Schema.String, position: Schema.String, error: Schema.String })),
  status: Schema.Unknown,
  timeline: Schema.Array(Schema.Unknown),
  queries: Schema.Array(Schema.Unknown),
  files: Schema.Array(Schema.Struct({ name: Schema.String, sizeBytes: Schema.Number })),
})
export type BugReport = typeof BugReport.Type
