/** Events, schema and queries: what an app's own definitions are made of. */
export * as Schema from 'effect/Schema'
export { defineEvent } from './event/EventDefinition.ts'
export type {
  AnyEventDefinition,
  DecodedArgs,
  EventDefinition,
  EventInput,
  EventOptions,
} from './event/EventDefinition.ts'
export { EventTooLarge, InvalidEventArgs, InvalidEventDefinition } from './event/EventError.ts'
export type { AnySchema, SchemaInput, SchemaOutput } from './event/SchemaCodec.ts'
export { column } from './schema/Column.ts'
export type { Collation, Column, ColumnReference, Columns, ReferenceAction } from './schema/Column.ts'
export type { Materializer, MaterializerContext, MaterializerResult, MaterializedEvent } from './schema/Materializer.ts'
export type { Query, QueryResult } from './schema/Query.ts'
export {
  InvalidColumnValue,
  MaterializerInvalid,
  QueryInvalid,
  QueryNotInSchema,
  SchemaInvalid,
  UnknownColumn,
} from './schema/SchemaError.ts'
export type { ColumnDescriptor, SchemaDescriptor, TableDescriptor } from './schema/SchemaDescriptor.ts'
export type { SqliteValue } from './schema/SqliteValue.ts'
export { defineSchema } from './schema/StoreSchema.ts'
export type { SchemaOptions, StoreSchema, UnknownEvent, UnknownEventPolicy } from './schema/StoreSchema.ts'
export type { AnyTable, TableOptions } from './schema/TableDefinition.ts'
export type { Write } from './schema/Write.ts'
export type { NumericName, OrderedName } from './query/Aggregate.ts'
export { sql } from './query/Sql.ts'
export type { Sql, SqlIdentifier, SqlParameter } from './query/Sql.ts'
export { RowInvalid, SqlParameterInvalid } from './query/SqlError.ts'
export { table } from './query/Table.ts'
export type { InsertRow, Row, Table } from './query/Table.ts'
export type { RowsQuery } from './query/TableQuery.ts'
export type { InsertOptions, UnfilteredWrite, UpsertOptions } from './query/TableWrite.ts'
export { and, or } from './query/Where.ts'
export type { ColumnConditions, Combination, Operators, Where } from './query/Where.ts'
export { ChangeInsideComputed, ComputedCycle, NotOfThisStore, ReadOutsideComputed } from './reactive/ReactiveError.ts'
export type {
  Computed,
  Listener,
  Read,
  Readable,
  ReadableOptions,
  ReadableValue,
  Signal,
  SubscribeOptions,
} from './reactive/Readable.ts'
export { StatementRefused } from './sqlite/StatementRefused.ts'
export type { SyncBackendProvider } from './backend/SyncBackend.ts'
export type {
  BackendConnection,
  BackendStatus,
  StorageStatus,
  HistoryChoice,
  Notice,
  RefusalReason,
  RefusedEvent,
  RejectedRow,
} from './channel/LeaderMessage.ts'
export type { Environment, LogEntry, LogLevel } from './environment/Environment.ts'
export {
  compare as comparePositions,
  format as formatPosition,
  parse as parsePosition,
} from './event/EventSequenceNumber.ts'
export type { EventSequenceNumber, Position } from './event/EventSequenceNumber.ts'
export type { Confirmation, Receipt } from './session/Receipts.ts'
export type { QuarantinedEvent } from './session/SessionDatabase.ts'
export {
  CommitInsideMaterializer,
  EventNotFound,
  EventNotInSchema,
  EventRejected,
  MaterializerFailed,
  MaterializerNotDeterministic,
  RequestFailed,
  SchemaOutdated,
  StoreClosed,
} from './session/SessionError.ts'
export { SqliteError } from './sqlite/SqliteError.ts'
export type { Adapter } from './store/Adapter.ts'
export { createStore, importStore } from './store/createStore.ts'
export type { StoreOptions } from './store/createStore.ts'
export { Store } from './store/Store.ts'
export type { QuarantinedEvents, RejectedEvents, WaitOptions } from './store/LostEvents.ts'
export type { EventsOptions, StoreNotice } from './store/Store.ts'
export type { ResultChange, ResultUpdate } from './store/ResultChange.ts'
export type { RowList } from './store/RowList.ts'
export { InvalidPosition, InvalidStoreId, StoreNotOpened } from './store/StoreError.ts'
export { makeStore, storeLayer, StoreService } from './store/StoreService.ts'
export type { LoggedEvent, LogStep } from './store/StoreEvents.ts'
export { inspectStore } from './store/StoreInspection.ts'
export type {
  LiveQueryReport,
  LogPage,
  PendingEvent,
  QueryCost,
  StepEvent,
  StoredEvent,
  StoreInspection,
  StoreObserver,
  StoreStep,
} from './store/StoreInspection.ts'
export type { StoreStatus } from './store/StoreStatus.ts'
