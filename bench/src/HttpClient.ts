import { fileURLToPath } from 'node:url'
import type { HttpAnswer, HttpOrder } from './HttpClientProcess.ts'
import { type OrderedProcess, startOrderedProcess } from './OrderedProcess.ts'

/** A client process, from the side that gives the orders. */
export type HttpClient = OrderedProcess<HttpOrder, HttpAnswer>

const file = fileURLToPath(new URL('HttpClientProcess.ts', import.meta.url))

/** Starts one; resolves when its store is synced. */
export const startHttpClient = (url: string, folder: string): Promise<HttpClient> =>
  startOrderedProcess(file, [url, folder])
