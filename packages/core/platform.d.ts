/**
 * The globals core may use besides ECMAScript itself: what every browser, worker and Node version offers alike, and
 * nothing that tells the time, draws random numbers or waits. The smallest subset core needs; it is not published,
 * because users have the full types from their own platform.
 */

interface AbortSignal {
  readonly aborted: boolean
  // oxlint-disable-next-line typescript/no-explicit-any -- as in the DOM's own declaration
  readonly reason: any
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

interface AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}
declare var AbortController: { new (): AbortController }

interface TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}
declare var TextEncoder: { new (): TextEncoder }

interface TextDecoder {
  decode(input?: ArrayBufferView | ArrayBuffer): string
}
declare var TextDecoder: {
  new (label?: 'utf-8', options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean }): TextDecoder
}
