import type { SqliteConnection } from '@headwater/core/sqlite'

/** What is in the tables, in no order that means anything. */
export interface Tables {
  readonly todos: ReadonlyArray<string>
  readonly selections: ReadonlyArray<string>
}

/** The materializers once more, so simple that they are right. */
export const fold = (log: ReadonlyArray<{ readonly name: string; readonly argsJson: string }>): Tables => {
  const todoText = new Map<string, string>()
  const selectionN = new Map<string, number>()
  for (const { name, argsJson } of log) {
    const { id, text, n } = JSON.parse(argsJson) as { readonly id: string; readonly text: string; readonly n: number }
    if (name === 'todoCreated' || (name === 'todoRenamed' && todoText.has(id))) todoText.set(id, text)
    if (name === 'todoDeleted') todoText.delete(id)
    if (name === 'selected') selectionN.set(id, n)
  }
  const lines = (map: ReadonlyMap<string, unknown>) => [...map].map(([id, value]) => `${id}=${String(value)}`).sort()
  return { todos: lines(todoText), selections: lines(selectionN) }
}

/** The same of a database's tables; `all` runs a query there. */
export const tablesOf = (all: (sql: string) => ReadonlyArray<ReadonlyArray<unknown>>): Tables => ({
  todos: all('SELECT id, text FROM todos')
    .map(([id, text]) => `${String(id)}=${String(text)}`)
    .sort(),
  selections: all('SELECT id, n FROM selections')
    .map(([id, n]) => `${String(id)}=${String(n)}`)
    .sort(),
})

/** Every row of an eventlog, in order. */
export const readLog = (eventlog: SqliteConnection) =>
  eventlog
    .prepare(
      'SELECT seqNumGlobal, seqNumClient, eventId, name, argsJson, clientId FROM eventlog ORDER BY seqNumGlobal, seqNumClient',
    )
    .all()
    .map(([global, client, id, name, argsJson, clientId]) => ({
      seq: { global: Number(global), client: Number(client), rebaseGeneration: 0 },
      name: String(name),
      argsJson: String(argsJson),
      event: {
        id: String(id),
        name: String(name),
        argsJson: String(argsJson),
        clientId: String(clientId),
        sessionId: '',
        createdAt: 0,
        commitId: '',
        isClientOnly: Number(client) > 0,
      },
    }))
