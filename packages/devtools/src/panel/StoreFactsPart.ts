import { formatPosition, inspectStore } from '@headwater/core'
import { css, html, nothing, type TemplateResult } from 'lit'
import { ageText } from '../inspect/TimeText.ts'
import { PanelPart } from './PanelPart.ts'
import { panelStyles } from './PanelStyles.ts'

/** Who and where this store is: ids, heads, versions, storage. */
export class StoreFactsPart extends PanelPart {
  protected override render(): TemplateResult {
    const { watch } = this
    if (watch === undefined) return html``
    const { store, facts } = watch
    const { session, leader, backend, storage, isSynced } = facts.status
    const inspection = inspectStore(store)
    const { version, fingerprint, tables, eventNames } = inspection.schema
    const contact = backend.lastContactAt === null ? 'never' : `${ageText(Date.now() - backend.lastContactAt)} ago`
    return html`
      <div class="groups">
        ${group('Session', [
          ['store', store.storeId],
          ['session', session.sessionId],
          ['client', session.clientId],
          ['adapter', inspection.adapterName],
          ['local head', formatPosition(session.localHead)],
          ['leader has up to', formatPosition(session.upstreamHead)],
          ['settled', formatPosition(session.settledHead)],
          ['in memory only', String(session.pending)],
        ])}
        ${group('Leader', [
          ['connection', leader.connection],
          ['local head', formatPosition(leader.localHead)],
          ['settled', formatPosition(leader.settledHead)],
          ['term', String(leader.term)],
          ['epoch', String(leader.epoch)],
          ['attachment', String(leader.attachment)],
          ['kept in', storage.kind === 'memory' ? 'memory' : 'files'],
        ])}
        ${group('Backend', [
          ['name', backend.name ?? 'none'],
          ['log', backend.backendId ?? 'not known'],
          ['connection', backend.connection],
          ['head', backend.head === 0 ? 'e0' : `e${backend.head}`],
          ['not confirmed', String(backend.pending)],
          ['caught up', backend.isCaughtUp ? 'yes' : 'no'],
          ['last heard', contact],
          ['synced', isSynced ? 'yes' : 'no'],
        ])}
        ${group('Schema', [
          ['version', String(version)],
          ['fingerprint', fingerprint],
          ['tables', tables.map(({ name }) => name).join(', ')],
          ['events', eventNames.join(', ')],
        ])}
      </div>
      ${backend.error === null ? nothing : html`<p class="failure error">${backend.error.tag}: ${backend.error.message}</p>`}
    `
  }

  static override styles = [
    panelStyles,
    css`
      .groups {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr));
        gap: 16px 24px;
        padding: 12px;
      }
      dl {
        display: grid;
        grid-template-columns: 110px minmax(0, 1fr);
        gap: 2px 10px;
        margin-top: 4px;
      }
      dd {
        overflow-wrap: anywhere;
      }
      .failure {
        padding: 0 12px 12px;
      }
    `,
  ]
}

const group = (name: string, rows: ReadonlyArray<readonly [name: string, value: string]>): TemplateResult => html`
  <section>
    <h3>${name}</h3>
    <dl>
      ${rows.map(
        ([label, value]) =>
          html`<dt class="quiet">${label}</dt>
            <dd class="mono">${value}</dd>`,
      )}
    </dl>
  </section>
`
