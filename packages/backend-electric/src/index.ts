/** Headwater's sync through Electric: reads by shapes, writes into PostgreSQL. */
export { electricBackend } from './ElectricBackend.ts'
export type { ElectricBackendOptions } from './ElectricBackendOptions.ts'
