import { createHash, timingSafeEqual } from 'node:crypto'
import { type Authorize, anybody } from './Authorization.ts'

/** Accepts any of these bearer tokens, and nobody else. Tokens are compared by hash, in constant time. */
export const authorizeTokens = (tokens: ReadonlyArray<string>): Authorize => {
  const accepted = tokens.map(digest)
  return (request) => {
    const header = request.headers.get('authorization') ?? ''
    if (!/^bearer /i.test(header)) return { refused: 'send a token: authorization: Bearer …' }
    const given = digest(header.slice(7).trim())
    return accepted.some((token) => timingSafeEqual(token, given))
      ? anybody
      : { refused: 'this token is not one of the server' }
  }
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest()
