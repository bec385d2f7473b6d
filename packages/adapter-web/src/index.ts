/** Headwater in browsers. */
export { webAdapter } from './WebAdapter.ts'
export type { WebAdapterOptions } from './WebAdapter.ts'
export * from './WebAdapterError.ts'
export * from './WebLeaderError.ts'
