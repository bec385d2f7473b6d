import {
  comparePositions,
  formatPosition,
  inspectStore,
  type LogPage,
  type PendingEvent,
  type Position,
  type Store,
  type StoredEvent,
  type StoreInspection,
  type StoreStatus,
} from '@headwater/core'
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { type EventStage, loggedStage } from '../inspect/EventStage.ts'
import { behindNewest, isRoot, readNewestEvents } from '../inspect/LogWindow.ts'
import { PanelPart } from './PanelPart.ts'
import { panelStyles } from './PanelStyles.ts'
import { clockText, countText, plural, prettyJson, shortId } from './PanelText.ts'
import type { StoreWatch } from './StoreWatch.ts'

/** Events on one page: what the leader is asked for at once, and what is drawn. */
export const pageEvents = 100

/** What the page shows: the end of the log, what is behind the settled head, or a place that somebody went to. */
type Place = 'newest' | 'unsettled' | { readonly after: Position; readonly before: Position | undefined }

interface ShownEvent {
  readonly event: StoredEvent
  readonly stage: EventStage
  /** In the log without effect. */
  readonly isQuarantined: boolean
  readonly isUnknown: boolean
  readonly isSent: boolean
}

/** The log, newest first, with what only this session has on top: one page of it at a time. */
export class EventsPart extends PanelPart {
  static override properties: PropertyDeclarations = { ...PanelPart.properties, name: { state: true } }

  declare name: string
  #place: Place = 'newest'
  #page: Pick<LogPage, 'events' | 'settledHead'> | undefined
  /** Ids of events whose details are shown. */
  readonly #opened = new Set<string>()
  #failure: string | undefined
  #asking: AbortController | undefined
  #isAskedAgain = false

  constructor() {
    super()
    this.name = ''
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#asking?.abort()
  }

  protected override onTick(watch: StoreWatch): void {
    this.requestUpdate()
    void this.#read(watch)
  }

  /** One question at a time; news that comes meanwhile asks once more. A leader that is lost leaves the page as it is. */
  async #read(watch: StoreWatch): Promise<void> {
    const { status } = watch.facts
    if (status.isClosed || status.leader.connection !== 'connected') return
    if (this.#asking !== undefined) {
      this.#isAskedAgain = true
      return
    }
    const asking = new AbortController()
    this.#asking = asking
    this.#isAskedAgain = false
    try {
      this.#page = await this.#ask(watch, asking.signal)
      this.#failure = undefined
    } catch (error) {
      if (!asking.signal.aborted) this.#failure = error instanceof Error ? error.message : String(error)
    } finally {
      this.#asking = undefined
    }
    this.requestUpdate()
    if (this.#isAskedAgain && this.isConnected) void this.#read(watch)
  }

  async #ask({ store }: StoreWatch, signal: AbortSignal): Promise<Pick<LogPage, 'events' | 'settledHead'>> {
    const place = this.#place
    if (place === 'newest') return readNewestEvents(store, pageEvents, signal)
    const { after, before } =
      place === 'unsettled' ? { after: store.status.leader.settledHead, before: undefined } : place
    const page = await inspectStore(store).readLog({ after, limit: pageEvents, signal })
    if (before === undefined) return page
    return { ...page, events: page.events.filter(({ position }) => comparePositions(position, before) < 0) }
  }

  #go(place: Place): void {
    this.#place = place
    const { watch } = this
    if (watch !== undefined) this.onTick(watch)
  }

  protected override render(): TemplateResult {
    const { watch } = this
    if (watch === undefined) return html``
    const { status } = watch.facts
    const all = this.#events(watch)
    const shown = this.name === '' ? all : all.filter(({ event }) => isNamed(event, this.name))
    return html`
      <div class="bar">
        <label
          >Show
          <select @change=${(event: Event) => this.#go((event.target as HTMLSelectElement).value as Place)}>
            <option value="newest" .selected=${this.#place === 'newest'}>the newest events</option>
            <option value="unsettled" .selected=${this.#place === 'unsettled'}>what is not settled</option>
            ${typeof this.#place === 'object' ? html`<option disabled .selected=${true}>older events</option>` : nothing}
          </select></label
        >
        <input
          type="search"
          aria-label="Name or id contains"
          placeholder="name or id on this page"
          .value=${this.name}
          @input=${(event: Event) => (this.name = (event.target as HTMLInputElement).value.trim())}
        />
        <span class="quiet">${this.#summary(shown.length, all.length)}</span>
        <span class="push">
          <button ?disabled=${!this.#hasOlder()} @click=${() => this.#older()}>← older</button>
          <button ?disabled=${!this.#hasNewer(status.leader.localHead)} @click=${() => this.#newer()}>newer →</button>
        </span>
      </div>
      ${this.#failure === undefined ? nothing : html`<p class="empty error">${this.#failure}</p>`}
      ${
        shown.length === 0
          ? html`<p class="empty">${this.#emptyText(status)}</p>`
          : html`<ol aria-label="Events, newest first">
              ${repeat(
                shown,
                ({ event }) => event.id,
                (one) => html`<li>${this.#row(one, watch)}</li>`,
              )}
            </ol>`
      }
    `
  }

  #emptyText({ leader }: StoreStatus): string {
    if (this.#page === undefined)
      return leader.connection === 'connected' ? 'Asking the leader …' : 'There is no leader whose log could be read.'
    if (this.name !== '') return `Nothing on this page has “${this.name}” in its name or id.`
    return this.#place === 'unsettled' ? 'Everything is settled.' : 'The log is empty: nothing was committed yet.'
  }

  #summary(shown: number, all: number): string {
    return shown === all ? plural(all, 'event') : `${countText(shown)} of ${plural(all, 'event')}`
  }

  /** Newest first. What the leader has told of is in its log, whether or not this session has heard that from it. */
  #events(watch: StoreWatch): ReadonlyArray<ShownEvent> {
    const logged = this.#logged(watch)
    const isEnd = this.#place === 'newest' || this.#place === 'unsettled'
    const ids = new Set(logged.map(({ event }) => event.id))
    const pending = isEnd ? pendingOf(watch).filter(({ event }) => !ids.has(event.id)) : []
    return [...logged, ...pending].toReversed()
  }

  #logged(watch: StoreWatch): ReadonlyArray<ShownEvent> {
    const page = this.#page
    if (page === undefined) return []
    const inspection = inspectStore(watch.store)
    const names = new Set(inspection.schema.eventNames)
    return page.events.map((event) => ({
      event,
      stage: loggedStage(event.position, page.settledHead),
      isQuarantined: isQuarantined(inspection, event.id),
      isUnknown: !names.has(event.name),
      isSent: true,
    }))
  }

  /** Args may be long: they are read into the page once somebody asks for them. */
  #row(shown: ShownEvent, { store }: StoreWatch): TemplateResult {
    const { event, stage, isQuarantined, isUnknown } = shown
    return html`
      <details @toggle=${(toggled: Event) => this.#open(event.id, (toggled.target as HTMLDetailsElement).open)}>
        <summary>
          <span class="mono">${formatPosition(event.position)}</span>
          <span class="stage ${stageClass[stage]}" title=${stageTitle[stage]}>${stage}</span>
          <span class="name">
            ${event.name} ${event.isClientOnly ? html`<span class="tag quiet">client-only</span>` : nothing}
            ${isQuarantined ? html`<span class="tag warning">quarantined</span>` : nothing}
            ${isUnknown ? html`<span class="tag quiet">unknown name</span>` : nothing}
          </span>
          <span class="quiet when">${clockText(event.createdAt)}</span>
          <span class="quiet by">${authorOf(event, store)}</span>
        </summary>
        ${this.#opened.has(event.id) ? eventDetails(shown) : nothing}
      </details>
    `
  }

  #open(id: string, isOpen: boolean): void {
    if (isOpen) this.#opened.add(id)
    else this.#opened.delete(id)
    this.requestUpdate()
  }

  #hasOlder(): boolean {
    const first = this.#page?.events[0]
    return first !== undefined && !isRoot(directlyBefore(first.position))
  }

  #older(): void {
    const first = this.#page?.events[0]
    if (first === undefined) return
    this.#go({ after: behindNewest(directlyBefore(first.position), pageEvents), before: first.position })
  }

  #hasNewer(localHead: StoredEvent['position']): boolean {
    const last = this.#page?.events.at(-1)
    return this.#place !== 'newest' && last !== undefined && comparePositions(last.position, localHead) < 0
  }

  #newer(): void {
    const last = this.#page?.events.at(-1)
    if (last === undefined || this.watch === undefined) return
    const { localHead } = this.watch.facts.status.leader
    const isLast = comparePositions(behindNewest(localHead, pageEvents), last.position) <= 0
    this.#go(isLast ? 'newest' : { after: last.position, before: undefined })
  }

  static override styles = [
    panelStyles,
    css`
      :host {
        display: block;
        container-type: inline-size;
      }
      li {
        border-bottom: 1px solid var(--line);
      }
      summary {
        display: grid;
        grid-template-columns: 90px 92px minmax(120px, 1fr) 80px 90px;
        gap: 12px;
        align-items: baseline;
        padding: 5px 12px;
      }
      summary:hover {
        background: var(--raised);
      }
      summary > * {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .name {
        font-weight: 500;
      }
      .details {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 300px);
        gap: 12px;
        padding: 4px 12px 12px 24px;
      }
      .details pre {
        background: var(--raised);
        border-radius: 6px;
        padding: 8px;
      }
      .details dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 2px 10px;
        align-content: start;
      }
      .details dd {
        overflow-wrap: anywhere;
      }
      @container (max-width: 640px) {
        summary {
          grid-template-columns: 66px minmax(0, 1fr) auto;
          gap: 4px 8px;
        }
        summary .when,
        summary .by {
          display: none;
        }
        summary .name {
          grid-column: 2;
          grid-row: 1;
        }
        .details {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ]
}

/** The position before it, as far as one can be told without the log: the synced event's own, or the one before. */
const directlyBefore = ({ global, client }: Position): Position =>
  client > 0 ? { global, client: client - 1 } : { global: Math.max(0, global - 1), client: 0 }

const isNamed = ({ name, id }: StoredEvent, text: string): boolean =>
  name.toLowerCase().includes(text.toLowerCase()) || id.includes(text)

/** As many as a page: a session that is cut off may have any number. */
const pendingOf = ({ store, facts }: StoreWatch): ReadonlyArray<ShownEvent> =>
  facts.status.isClosed
    ? []
    : inspectStore(store)
        .pending(pageEvents)
        .map((event: PendingEvent) => ({
          event,
          stage: 'pending',
          isQuarantined: false,
          isUnknown: false,
          isSent: event.isSent,
        }))

/** Of a store that has just been closed nothing can be told any more. */
const isQuarantined = (inspection: StoreInspection, eventId: string): boolean => {
  try {
    return inspection.quarantineError(eventId) !== null
  } catch {
    return false
  }
}

const authorOf = ({ sessionId, clientId }: StoredEvent, store: Store): string =>
  sessionId === store.sessionId ? 'this session' : clientId === store.clientId ? 'this client' : 'another'

const stageClass: Readonly<Record<EventStage, string>> = {
  pending: 'error',
  persisted: 'warning',
  settled: 'ok',
  rejected: 'error',
}

const stageTitle: Readonly<Record<EventStage, string>> = {
  pending: 'In this session’s memory only: its leader has not answered for it',
  persisted: 'In this client’s log, not confirmed by the backend',
  settled: 'Confirmed: it stays where it is',
  rejected: 'Refused: a dead letter',
}

const eventDetails = ({ event, stage, isSent }: ShownEvent): TemplateResult => html`
  <div class="details">
    <pre>${prettyJson(event.argsJson)}</pre>
    <dl>
      <dt class="quiet">id</dt>
      <dd class="mono">${event.id}</dd>
      <dt class="quiet">commit</dt>
      <dd class="mono">${event.commitId}</dd>
      <dt class="quiet">client</dt>
      <dd class="mono">${shortId(event.clientId)}</dd>
      <dt class="quiet">session</dt>
      <dd class="mono">${shortId(event.sessionId)}</dd>
      <dt class="quiet">committed</dt>
      <dd>${clockText(event.createdAt)}</dd>
      ${
        stage === 'pending'
          ? html`<dt class="quiet">leader</dt>
              <dd>${isSent ? 'was sent it' : 'was not sent it'}</dd>`
          : nothing
      }
      ${
        event.syncMetadataJson === null
          ? nothing
          : html`<dt class="quiet">backend</dt>
              <dd><pre>${prettyJson(event.syncMetadataJson)}</pre></dd>`
      }
    </dl>
  </div>
`
