/// <reference types="@journeyapps/wa-sqlite" />
import type { WasmExports, WasmVfs } from './WasmExports.ts'
import { codeName } from './ResultCode.ts'

/** SQLite's code and memory in this JavaScript thread. Any number of connections share it. */
export interface WasmSqlite {
  readonly exports: WasmExports
  /** SQLite's own, e.g. `3.53.0`. */
  readonly version: string
  /**
   * Makes a virtual file system known under its name, once. Its methods must all be synchronous. **Fails with** `Error`
   * when one is not, or another object has the name already.
   */
  readonly registerVfs: (vfs: WasmVfs) => void
}

export interface LoadWasmSqliteOptions {
  /** The bytes of `wa-sqlite.wasm`, when the file cannot be found beside the code (a bundle on Node, a strict CSP). */
  readonly wasmBinary?: Uint8Array
}

let shared: Promise<WasmSqlite> | undefined

/**
 * Loads SQLite once per thread; later calls get the same module. In browsers the file is fetched from where the bundler
 * put it, in Node it is read from the package.
 */
export const loadWasmSqlite = (options: LoadWasmSqliteOptions = {}): Promise<WasmSqlite> => {
  if (shared !== undefined) return shared
  const loading = instantiate(options)
  shared = loading
  // A failed download may be tried again.
  loading.catch(() => {
    if (shared === loading) shared = undefined
  })
  return loading
}

const instantiate = async (options: LoadWasmSqliteOptions): Promise<WasmSqlite> => {
  const { default: makeModule } = await import('@journeyapps/wa-sqlite/dist/wa-sqlite.mjs')
  const wasmBinary = options.wasmBinary ?? readFromPackage()
  const exports: WasmExports = await makeModule(wasmBinary === undefined ? {} : { wasmBinary })
  return {
    exports,
    version: exports.UTF8ToString(exports._sqlite3_libversion()),
    registerVfs: makeVfsRegistry(exports),
  }
}

/** The part of Node's `process` that is used here, reached without an import that a browser's bundler would follow. */
interface NodeProcess {
  readonly versions?: { readonly node?: string }
  readonly getBuiltinModule?: (name: string) => unknown
}

/** wa-sqlite's loader is built for browsers and cannot read files, so in Node they are read for it. */
const readFromPackage = (): Uint8Array | undefined => {
  const { process } = globalThis as { readonly process?: NodeProcess }
  if (process?.versions?.node === undefined || process.getBuiltinModule === undefined) return undefined
  const { createRequire } = process.getBuiltinModule('node:module') as {
    readonly createRequire: (from: string) => { readonly resolve: (name: string) => string }
  }
  const { readFileSync } = process.getBuiltinModule('node:fs') as {
    readonly readFileSync: (path: string) => Uint8Array
  }
  return readFileSync(createRequire(import.meta.url).resolve('@journeyapps/wa-sqlite/dist/wa-sqlite.wasm'))
}

const makeVfsRegistry = (exports: WasmExports): ((vfs: WasmVfs) => void) => {
  const registered = new Map<string, WasmVfs>()
  return (vfs) => {
    const known = registered.get(vfs.name)
    if (known === vfs) return
    if (known !== undefined) throw new Error(`another virtual file system is registered as ${vfs.name}`)
    const asyncMethod = vfsMethods.find((method) => vfs.hasAsyncMethod(method))
    if (asyncMethod !== undefined)
      throw new Error(`${asyncMethod} of the virtual file system ${vfs.name} is asynchronous`)
    const code = exports.vfs_register(vfs, false)
    if (code !== 0) throw new Error(`the virtual file system ${vfs.name} was refused: ${codeName(code)}`)
    registered.set(vfs.name, vfs)
  }
}

const vfsMethods = [
  'xOpen',
  'xDelete',
  'xAccess',
  'xFullPathname',
  'xClose',
  'xRead',
  'xWrite',
  'xTruncate',
  'xSync',
  'xFileSize',
  'xLock',
  'xUnlock',
  'xCheckReservedLock',
  'xFileControl',
  'xSectorSize',
  'xDeviceCharacteristics',
]
