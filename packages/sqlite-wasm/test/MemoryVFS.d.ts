/** wa-sqlite's example VFS comes without types. */
declare module '@journeyapps/wa-sqlite/src/examples/MemoryVFS.js' {
  import type { WasmExports, WasmVfs } from '@headwater/sqlite-wasm'

  export class MemoryVFS implements WasmVfs {
    readonly name: string
    readonly mxPathname: number
    hasAsyncMethod: (method: string) => boolean
    constructor(name: string, module: WasmExports)
  }
}
