/** The pictures of the pages about concepts, by file below `docs/concepts`. What they show is what the playground's test sees happen. */
import { logDiagram } from './LogDiagram.ts'

export const diagrams: Readonly<Record<string, string>> = {
  'life.svg': logDiagram([
    {
      title: 'Ann’s screen',
      text: 'commit returns',
      events: [
        { text: 'e1', who: 'b' },
        { text: 'e2', who: 'b' },
        { text: 'e3 + milk', who: 'a', kind: 'pending', note: 'pending' },
      ],
    },
    {
      title: 'Ann’s disk',
      text: 'milliseconds later',
      events: [
        { text: 'e1', who: 'b' },
        { text: 'e2', who: 'b' },
        { text: 'e3 + milk', who: 'a', kind: 'pending', note: 'persisted' },
      ],
    },
    {
      title: 'the server',
      text: 'once she is online',
      events: [
        { text: 'e1', who: 'b' },
        { text: 'e2', who: 'b' },
        { text: 'e3 + milk', who: 'a', note: 'in its place for good' },
      ],
    },
    {
      title: 'Ann’s disk',
      text: 'it has come back',
      events: [
        { text: 'e1', who: 'b' },
        { text: 'e2', who: 'b' },
        { text: 'e3 + milk', who: 'a', note: 'confirmed' },
      ],
    },
  ]),
  'rebase.svg': logDiagram([
    {
      title: 'Ben, offline',
      text: 'has two of his own',
      events: [
        { text: 'e1', who: 'a' },
        { text: 'e2 cheese', who: 'b', kind: 'pending', note: 'pending' },
        { text: 'e3 wine', who: 'b', kind: 'pending', note: 'pending' },
      ],
    },
    {
      title: 'the server',
      text: 'Ann was first',
      events: [
        { text: 'e1', who: 'a' },
        { text: 'e2 bread', who: 'a' },
      ],
    },
    {
      title: '1. roll back',
      text: 'to where they part',
      events: [
        { text: 'e1', who: 'a' },
        { text: 'e2 cheese', who: 'b', kind: 'gone', note: 'undone' },
        { text: 'e3 wine', who: 'b', kind: 'gone', note: 'undone' },
      ],
    },
    {
      title: '2. apply',
      text: 'what came first',
      events: [
        { text: 'e1', who: 'a' },
        { text: 'e2 bread', who: 'a', note: 'new here' },
      ],
    },
    {
      title: '3. replay',
      text: 'his own, behind it',
      events: [
        { text: 'e1', who: 'a' },
        { text: 'e2 bread', who: 'a' },
        { text: 'e3r1 cheese', who: 'b', kind: 'pending', note: 'was e2' },
        { text: 'e4r1 wine', who: 'b', kind: 'pending', note: 'was e3' },
      ],
    },
  ]),
  'heads.svg': logDiagram([
    {
      title: 'Ben’s log',
      text: 'three heads',
      events: [
        { text: 'e1', who: 'a' },
        { text: 'e2', who: 'a', note: '↑ settledHead' },
        { text: 'e3', who: 'b', kind: 'pending', note: 'persisted' },
        { text: 'e4', who: 'b', kind: 'pending', note: '↑ localHead' },
      ],
    },
  ]),
  'client-only.svg': logDiagram([
    {
      title: 'before',
      text: 'Ben’s device',
      events: [
        { text: 'e2 cheese', who: 'b', kind: 'pending', note: 'pending' },
        { text: 'e2.1 draft', who: 'none', kind: 'pending', note: 'client-only' },
        { text: 'e3 wine', who: 'b', kind: 'pending', note: 'pending' },
      ],
    },
    {
      title: 'after',
      text: 'bread came first',
      events: [
        { text: 'e2 bread', who: 'a' },
        { text: 'e3r1 cheese', who: 'b', kind: 'pending', note: 'was e2' },
        { text: 'e3.1r1 draft', who: 'none', kind: 'pending', note: 'still behind it' },
        { text: 'e4r1 wine', who: 'b', kind: 'pending', note: 'was e3' },
      ],
    },
  ]),
}
