import { inspectStore, type LiveQueryReport } from '@headwater/core'
import { css, html, nothing, type TemplateResult } from 'lit'
import { PanelPart } from './PanelPart.ts'
import { panelStyles } from './PanelStyles.ts'
import { cellText, countText, msText, plural } from './PanelText.ts'

const kindText: Readonly<Record<LiveQueryReport['kind'], string>> = {
  patched: 'patched from the changed rows',
  counted: 'counted up and down',
  adjusted: 'adjusted by the changed values',
  'run again': 'run again when a column of it changes',
}

/** Live queries, the most expensive first. */
export class QueriesPart extends PanelPart {
  protected override render(): TemplateResult {
    const { watch } = this
    if (watch === undefined) return html``
    const queries = inspectStore(watch.store)
      .liveQueries()
      .toSorted((a, b) => b.cost.totalMs - a.cost.totalMs || a.number - b.number)
    const totalMs = queries.reduce((sum, { cost }) => sum + cost.totalMs, 0)
    if (queries.length === 0) return html`<p class="empty">Nobody subscribes to a query.</p>`
    return html`
      <p class="bar quiet">
        ${plural(queries.length, 'live query', 'live queries')}, ${msText(totalMs)} on the app’s thread since the
        inspector watches
      </p>
      <div class="scroll" tabindex="0" role="region" aria-label="Live queries">
        <table>
          <thead>
            <tr>
              <th>Query</th>
              <th class="number" title="Changes that concerned it">Refreshes</th>
              <th class="number" title="SELECTs that were run for them">Reads</th>
              <th class="number" title="Refreshes whose answer differed">News</th>
              <th class="number">Total</th>
              <th class="number">Worst</th>
              <th class="number">Rows</th>
              <th class="number">Subscribers</th>
            </tr>
          </thead>
          <tbody>
            ${queries.map(queryRow)}
          </tbody>
        </table>
      </div>
    `
  }

  static override styles = [
    panelStyles,
    css`
      td:first-child {
        min-width: 260px;
        overflow-wrap: anywhere;
      }
      td.number {
        white-space: nowrap;
      }
      code {
        display: block;
      }
    `,
  ]
}

const queryRow = ({ sql, params, kind, cost, rows, subscribers, failure }: LiveQueryReport): TemplateResult => html`
  <tr>
    <td>
      <code>${sql.replaceAll(/\s+/g, ' ').trim()}</code>
      ${params.length === 0 ? nothing : html`<span class="quiet mono">${params.map(cellText).join(', ')}</span><br />`}
      <span class=${kind === 'run again' ? 'warning' : 'quiet'}>${kindText[kind]}</span>
      ${failure === null ? nothing : html`<p class="error">${failure}</p>`}
    </td>
    <td class="number">${countText(cost.refreshes)}</td>
    <td class="number">${countText(cost.reads)}</td>
    <td class="number">${countText(cost.news)}</td>
    <td class="number">${msText(cost.totalMs)}</td>
    <td class="number">${msText(cost.maxMs)}</td>
    <td class="number">${countText(rows)}</td>
    <td class="number">${countText(subscribers)}</td>
  </tr>
`
