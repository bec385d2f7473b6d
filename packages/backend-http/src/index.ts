/** Headwater's sync client over HTTP: no native code, nothing but `fetch`. */
export { httpBackend } from './HttpBackend.ts'
export type { HttpBackendOptions } from './HttpBackendOptions.ts'
