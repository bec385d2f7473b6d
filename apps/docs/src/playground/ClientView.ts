/** What is drawn of a client, and of the server between the two. */
import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { live } from 'lit/directives/live.js'
import type { EventStage, LogBox } from './LogLine.ts'
import type { Playground } from './Playground.ts'
import type { ListRow, PlaygroundClient, RebasePicture } from './PlaygroundClient.ts'

const statusText = ({ store, isOnline, waiting }: PlaygroundClient): string => {
  const wait = waiting === 0 ? '' : `, ${waiting} waiting`
  if (!isOnline) return `offline${wait}`
  return store.status.isSynced ? 'synced' : `syncing${wait}`
}

export const clientView = (client: PlaygroundClient): TemplateResult => html`
  <section class="pg-client" data-name=${client.name} aria-label="${client.name}’s device">
    <header>
      <h3>${client.name}</h3>
      <span class="pg-status" role="status">${statusText(client)}</span>
      <button
        type="button"
        role="switch"
        class="pg-switch"
        aria-checked=${client.isOnline ? 'true' : 'false'}
        aria-label="${client.name} online"
        @click=${() => client.setOnline(!client.isOnline)}
      >
        <span aria-hidden="true"></span>${client.isOnline ? 'online' : 'offline'}
      </button>
    </header>
    <ul class="pg-list" aria-label="${client.name}’s list">
      ${repeat(
        client.rows,
        ({ id }) => id,
        (row) => rowView(client, row),
      )}
      ${client.rows.length === 0 ? html`<li class="pg-none">The list is empty.</li>` : nothing}
    </ul>
    ${addForm(client)}
    <h4>The log on ${client.name}’s device</h4>
    ${logView(`${client.name}’s log`, client.boxes)} ${wire(client)}
    ${client.rebase === null ? nothing : rebaseView(client.rebase)}
  </section>
`

const rowView = (client: PlaygroundClient, { id, text, buyer }: ListRow): TemplateResult => html`
  <li>
    <input
      aria-label="Name of ${text}"
      .value=${live(text)}
      @change=${({ target }: Event) => {
        const changed = (target as HTMLInputElement).value.trim()
        if (changed !== '' && changed !== text) client.rename(id, changed)
      }}
    />
    ${
      buyer === undefined
        ? html`<button type="button" @click=${() => client.take(id)}>I buy it</button>`
        : html`<span class="pg-buyer">${buyer} buys it</span>`
    }
  </li>
`

const addForm = (client: PlaygroundClient): TemplateResult => html`
  <form
    @submit=${(event: SubmitEvent) => {
      event.preventDefault()
      const input = (event.target as HTMLFormElement).querySelector('input')!
      if (input.value.trim() !== '') client.add(input.value.trim())
      input.value = ''
    }}
  >
    <input name="item" aria-label="New item on ${client.name}’s list" placeholder="milk" autocomplete="off" />
    <button>Add</button>
  </form>
`

/** In words, too: neither colour nor shape is all that says it. */
const stageText: Readonly<Record<EventStage, string>> = {
  pending: 'committed',
  persisted: 'on this device',
  settled: 'confirmed',
  skipped: 'no effect',
}

const logView = (
  label: string,
  boxes: ReadonlyArray<Omit<LogBox, 'stage'> & { readonly stage?: EventStage }>,
): TemplateResult => html`
  <ol class="pg-log" aria-label=${label} tabindex="0">
    ${repeat(
      boxes,
      ({ id }) => id,
      ({ position, label: text, author, stage }) => html`
        <li class="pg-box" data-author=${author} data-stage=${stage ?? 'settled'}>
          <b>${position}</b>
          <span>${text}</span> ${stage === undefined ? nothing : html`<small>${stageText[stage]}</small>`}
        </li>
      `,
    )}
    ${boxes.length === 0 ? html`<li class="pg-none">no events</li>` : nothing}
  </ol>
`

const wire = ({ sending, coming, isOnline }: PlaygroundClient): TemplateResult => html`
  <p class="pg-wire" data-online=${isOnline ? 'true' : 'false'} data-flying=${sending + coming > 0 ? 'true' : 'false'}>
    ${sending > 0 ? html`<span class="pg-up">${sending} on the way to the server</span>` : nothing}
    ${coming > 0 ? html`<span class="pg-down">${coming} on the way from the server</span>` : nothing}
    ${sending + coming === 0 ? html`<span>${isOnline ? 'nothing under way' : 'no connection'}</span>` : nothing}
  </p>
`

const rebaseView = ({ undone, came, replayed, ms }: RebasePicture): TemplateResult => {
  const line = (kind: string, title: string, texts: ReadonlyArray<string>): TemplateResult => html`
    <dt>${title}</dt>
    <dd data-kind=${kind}>
      ${texts.length === 0 ? '–' : texts.map((text) => html`<span class="pg-chip">${text}</span>`)}
    </dd>
  `
  return html`
    <details class="pg-rebase" open>
      <summary>The last rebase, ${ms.toFixed(1)} ms</summary>
      <dl>
        ${line('undone', 'undone', undone)} ${line('came', 'came first', came)}
        ${line('replayed', 'replayed', replayed)}
      </dl>
    </details>
  `
}

export const serverView = ({ log }: Playground): TemplateResult => html`
  <section class="pg-server" aria-label="The server">
    <header><h3>Server</h3></header>
    <p>It keeps one order of events for everybody, and never changes it.</p>
    <h4>Its log</h4>
    ${logView('The server’s log', log)}
  </section>
`
