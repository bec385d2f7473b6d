/** SQLite compiled to WebAssembly behind core's `SqliteConnection`, in Node and browsers, over any virtual file system. */
export type { WasmExports, WasmVfs } from './WasmExports.ts'
export * from './WasmSqlite.ts'
export * from './WasmSqliteConnection.ts'
