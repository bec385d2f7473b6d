/** The authorising proxy in front of Electric, without what needs Node: for edges. */
export type { Authorize, AuthorizeContext, Principal, Refusal } from './Authorization.ts'
export type { CorsOrigins } from './Cors.ts'
export { type ElectricProxyOptions, electricProxy } from './ElectricProxy.ts'
export type { ElectricOptions } from './ElectricService.ts'
export { type ServerLogRecord, type ServerLogger, jsonLogger } from './ServerLog.ts'
