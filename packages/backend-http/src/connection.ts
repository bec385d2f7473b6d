/**
 * A connection to a `@headwater/server`, for backends that push through it and read from somewhere else.
 *
 * **Gotchas**  not for apps: it changes with the packages that use it.
 */
export type { HttpBackendOptions } from './HttpBackendOptions.ts'
export {
  type HttpConnection,
  type HttpRequest,
  baseOf,
  failWith,
  makeHttpConnection,
  note,
  noteFailure,
  noted,
  sendRaw,
  unreachable,
} from './HttpConnection.ts'
export { brokenOff, reasonOf } from './HttpFailure.ts'
export { fetchPage } from './HttpPull.ts'
export { type HttpPlace, ping, pingAt, push } from './HttpStore.ts'
