import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeSseParser } from '../src/SseParser.ts'

const parse = (...pieces: ReadonlyArray<string>) => {
  const parser = makeSseParser()
  return pieces.flatMap((piece) => [...parser.push(piece)])
}

test('reads events, names, ids and joined data lines, and drops comments and unknown fields', () => {
  const text = ': heartbeat\n\nid: 7\ndata: {"a":1}\n\nevent: failure\ndata:x\ndata: y\nretry: 5\n\nid: 9\n\n'
  expect(parse(text)).toEqual([
    { event: 'message', id: '7', data: '{"a":1}' },
    { event: 'failure', id: null, data: 'x\ny' },
  ])
})

test('an unfinished event is held back, CR LF ends lines too', () => {
  expect(parse('data: a\r\n')).toEqual([])
  expect(parse('data: a\r', '\n\r\n')).toEqual([{ event: 'message', id: null, data: 'a' }])
})

test('the pieces in which text arrives make no difference', () => {
  const line = fc.constantFrom('data: x', 'data:', 'event: failure', 'id: 3', ': c', 'noise', '', '')
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.array(fc.nat(40), { maxLength: 20 }), (lines, cuts) => {
      const text = `${lines.join('\n')}\n\n`
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length]
      const pieces = places.slice(1).map((end, index) => text.slice(places[index], end))
      expect(parse(...pieces)).toEqual(parse(text))
    }),
  )
})
