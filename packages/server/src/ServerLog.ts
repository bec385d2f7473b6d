/**
 * What the server says about itself, one record per happening. Args, tokens and bodies are never in it.
 *
 * **Shape**  of a record as the CLI prints it: one JSON object a line, `{"at":"2026-…","level":"info","event":"request",…}`.
 */
export interface ServerLogRecord {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: 'request' | 'refused' | 'failed' | 'listening' | 'stopping' | 'stopped'
  readonly [field: string]: string | number | boolean | null | undefined
}

export type ServerLogger = (record: ServerLogRecord) => void

/** Writes records as JSON lines, stamped with the time. */
export const jsonLogger =
  (write: (line: string) => void): ServerLogger =>
  (record) =>
    write(`${JSON.stringify({ at: new Date().toISOString(), ...record })}\n`)

export const silentLogger: ServerLogger = () => undefined
