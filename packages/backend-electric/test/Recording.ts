/** Recorded exchanges with a real Electric, and the table that they were recorded on. */
import { readFileSync, readdirSync } from 'node:fs'

export interface RecordedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Messages, an error, or text: of an event stream, or empty. */
  readonly body: ReadonlyArray<RecordedMessage> | Readonly<Record<string, unknown>> | string
  /** An event stream that its reader left. */
  readonly cutByClient?: boolean
}

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

export interface RecordedExchange {
  readonly step: string
  readonly request: RecordedRequest
  readonly response: RecordedResponse
}

/** What was done to the database, before the next exchange or, if that is live, while it waits. */
export interface RecordedSql {
  readonly sql: string
  readonly values?: ReadonlyArray<unknown>
}

export interface RecordedMessage {
  readonly key?: string
  readonly value?: Readonly<Record<string, string | null>>
  readonly headers: Readonly<Record<string, unknown>>
}

export interface Recording {
  readonly name: string
  readonly about: string
  readonly exchanges: ReadonlyArray<RecordedExchange | RecordedSql>
}

const folder = new URL('recordings/', import.meta.url)

/** In the order in which they were recorded, on one server. */
export const recordings: ReadonlyArray<Recording> = readdirSync(folder)
  .toSorted()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recording)

/** A simplified table of events. */
export const recordedTable = `
  CREATE TABLE headwater_events (
    store_id text NOT NULL, seq int8 NOT NULL, parent_seq int8 NOT NULL, event_id text NOT NULL, name text NOT NULL,
    args jsonb NOT NULL, client_id text NOT NULL, session_id text NOT NULL, created_at int8 NOT NULL,
    PRIMARY KEY (store_id, seq))`
