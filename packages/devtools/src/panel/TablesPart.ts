import { inspectStore, type Query, type SqliteValue, type Store, type TableDescriptor } from '@headwater/core'
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { PanelPart } from './PanelPart.ts'
import { panelStyles } from './PanelStyles.ts'
import { cellText, countText, msText, plural } from './PanelText.ts'
import type { StoreWatch } from './StoreWatch.ts'

/** Rows on one page. */
export const pageRows = 50

/** A page that takes longer to read is not read again by itself: four times a second of this is 2 % of the app's thread. **Units** ms. */
const slowMs = 4

/** Longer texts are cut in cells; the whole text is in the cell's title. **Units** characters. */
const cellMax = 120

interface RowsPage {
  readonly table: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<SqliteValue>>
  readonly total: number
  readonly ms: number
}

/** The tables as this session has them: read-only, a page at a time. */
export class TablesPart extends PanelPart {
  static override properties: PropertyDeclarations = {
    ...PanelPart.properties,
    table: { state: true },
    offset: { state: true },
    order: { state: true },
  }

  declare table: string | undefined
  declare offset: number
  declare order: { readonly column: string; readonly isDescending: boolean } | undefined
  #page: RowsPage | undefined
  #slowReads = 0
  #failure: string | undefined

  constructor() {
    super()
    this.offset = 0
  }

  protected override onTick(watch: StoreWatch): void {
    if (!this.#isSlow) this.#read(watch)
    this.requestUpdate()
  }

  /** Twice in a row: the first read of a table compiles its statements. */
  get #isSlow(): boolean {
    return this.#slowReads >= 2
  }

  #read({ store, facts }: StoreWatch): void {
    const { tables } = inspectStore(store).schema
    const table = tables.find(({ name }) => name === this.table) ?? tables[0]
    if (table === undefined || facts.status.isClosed) return
    try {
      this.#page = readRows(store, table.name, this.order, this.offset)
      this.#slowReads = this.#page.ms < slowMs ? 0 : this.#slowReads + 1
      this.#failure = undefined
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error)
    }
  }

  #turn(change: Partial<Pick<TablesPart, 'table' | 'offset' | 'order'>>): void {
    Object.assign(this, change)
    if (this.watch !== undefined) this.#read(this.watch)
    this.requestUpdate()
  }

  protected override render(): TemplateResult {
    const { watch } = this
    if (watch === undefined) return html``
    const { tables } = inspectStore(watch.store).schema
    const page = this.#page
    if (tables.length === 0) return html`<p class="empty">The schema has no tables.</p>`
    return html`
      <div class="bar">
        <label
          >Table
          <select
            @change=${(event: Event) => this.#turn({ table: (event.target as HTMLSelectElement).value, offset: 0, order: undefined })}
          >
            ${tables.map(({ name }) => html`<option value=${name} .selected=${name === page?.table}>${name}</option>`)}
          </select></label
        >
        ${page === undefined ? nothing : this.#pager(page)}
      </div>
      ${this.#failure === undefined ? nothing : html`<p class="empty error">${this.#failure}</p>`}
      ${page === undefined ? nothing : this.#grid(page, tables)}
    `
  }

  #pager({ total, rows, ms }: RowsPage): TemplateResult {
    const [from, to] = [this.offset + 1, this.offset + rows.length]
    const range = rows.length === 0 ? 'none' : `${countText(from)}–${countText(to)}`
    return html`
      <span class="quiet">${range} of ${plural(total, 'row')}, read in ${msText(ms)}</span>
      <span class="push">
        ${!this.#isSlow ? nothing : html`<button @click=${() => this.#turn({})}>Read again</button>`}
        <button
          ?disabled=${this.offset === 0}
          @click=${() => this.#turn({ offset: Math.max(0, this.offset - pageRows) })}
        >
          ← previous
        </button>
        <button ?disabled=${to >= total} @click=${() => this.#turn({ offset: this.offset + pageRows })}>next →</button>
      </span>
    `
  }

  #grid({ table, columns, rows }: RowsPage, tables: ReadonlyArray<TableDescriptor>): TemplateResult {
    const descriptor = tables.find(({ name }) => name === table)
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label="Rows of ${table}">
        <table>
          <thead>
            <tr>
              ${columns.map((column) => this.#header(column, descriptor))}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) =>
                html`<tr>
                  ${row.map(cell)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${rows.length === 0 ? html`<p class="empty">No rows.</p>` : nothing}
    `
  }

  #header(column: string, table: TableDescriptor | undefined): TemplateResult {
    const { order } = this
    const isOrder = order?.column === column
    const direction = !isOrder ? 'none' : order.isDescending ? 'descending' : 'ascending'
    const affinity = table?.columns.find(({ name }) => name === column)?.affinity ?? ''
    const next = isOrder && order.isDescending ? undefined : { column, isDescending: isOrder }
    const isNumber = affinity === 'INTEGER' || affinity === 'REAL'
    return html`
      <th aria-sort=${direction} class=${isNumber ? 'number' : ''}>
        <button @click=${() => this.#turn({ order: next, offset: 0 })}>
          ${column} ${isOrder ? (order.isDescending ? '↓' : '↑') : nothing}
        </button>
        <span class="quiet">${affinity.toLowerCase()}${table?.primaryKey.includes(column) === true ? ' key' : ''}</span>
      </th>
    `
  }

  static override styles = [
    panelStyles,
    css`
      table {
        width: auto;
      }
      th button {
        border: 0;
        padding: 0;
        min-height: 0;
        background: none;
        color: var(--text);
        font-weight: 600;
      }
      td {
        font-family: var(--mono);
        font-size: 12px;
        max-width: 360px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      td.none {
        color: var(--quiet);
      }
    `,
  ]
}

const cell = (value: SqliteValue): TemplateResult => {
  const text = cellText(value)
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  const shown = text.length > cellMax ? `${text.slice(0, cellMax)}…` : text
  return html`<td
    class=${value === null ? 'none' : isNumber ? 'number' : ''}
    title=${text.length > 30 ? text.slice(0, 2000) : nothing}
  >
    ${shown}
  </td>`
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

const readRows = (store: Store, table: string, order: TablesPart['order'], offset: number): RowsPage => {
  const startedAt = performance.now()
  const by = order === undefined ? '' : ` ORDER BY ${quote(order.column)}${order.isDescending ? ' DESC' : ''}`
  const [[total]] = store.query(rawQuery(`SELECT count(*) FROM ${quote(table)}`, [])).rows as [[SqliteValue]]
  const page = store.query(rawQuery(`SELECT * FROM ${quote(table)}${by} LIMIT ? OFFSET ?`, [pageRows, offset]))
  return { table, ...page, total: Number(total), ms: performance.now() - startedAt }
}

interface RawRows {
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<SqliteValue>>
}

/** A read of rows as SQLite has them. The store refuses what is not a read. */
const rawQuery = (sql: string, params: ReadonlyArray<SqliteValue>): Query<RawRows> => ({
  kind: 'query',
  sql,
  params,
  integers: 'bigint',
  shape: 'rows',
  source: undefined,
  decode: (rows, columns) => ({ rows, columns }),
})
