import { formatPosition, type StoreStatus } from '@headwater/core'
import { css, html, type TemplateResult } from 'lit'
import { countText } from './PanelText.ts'

/**
 * The way of an event, with who stands where: this session, its leader, the backend; and how many events are under way
 * between them.
 */
export const headTrack = ({ session, leader, backend, isClosed }: StoreStatus): TemplateResult => {
  const hasBackend = backend.connection !== 'none'
  const isLed = leader.connection === 'connected'
  return html`
    <div class="track">
      <dl aria-label="Heads">
        ${station('Session', formatPosition(session.localHead), isClosed ? 'closed' : 'open', !isClosed)}
        ${between(session.pending, 'in memory')}
        ${station('Leader', formatPosition(leader.localHead), `${leader.connection}, settled ${formatPosition(leader.settledHead)}`, isLed)}
        ${between(hasBackend ? backend.pending : 0, 'waiting')}
        ${station('Backend', hasBackend ? `e${backend.head}` : '–', backend.connection, backend.connection === 'online' || !hasBackend)}
      </dl>
    </div>
  `
}

export const headTrackStyles = css`
  .track dl {
    display: flex;
    align-items: stretch;
    gap: 8px;
  }
  .station {
    border: 1px solid var(--line);
    border-radius: 8px;
    background: var(--raised);
    padding: 4px 10px;
    min-width: 84px;
    max-width: 130px;
  }
  .station dt {
    font-size: 11px;
    color: var(--quiet);
  }
  .station .head {
    font-size: 14px;
    font-weight: 600;
  }
  .station dd:last-child {
    font-size: 11px;
  }
  .between {
    display: flex;
    flex-direction: column;
    justify-content: center;
    text-align: center;
    font-size: 11px;
    line-height: 1.2;
    max-width: 64px;
  }
  @container (max-width: 640px) {
    .station {
      flex: 1;
      min-width: 0;
    }
  }
`

const station = (name: string, head: string, state: string, isWell: boolean): TemplateResult => html`
  <div class="station">
    <dt>${name}</dt>
    <dd class="mono head">${head}</dd>
    <dd class=${isWell ? 'quiet' : 'warning'}>${state}</dd>
  </div>
`

const between = (count: number, what: string): TemplateResult => html`
  <div class="between ${count > 0 ? 'warning' : 'quiet'}">
    <dt class=${count > 0 ? '' : 'hidden'}>${count > 0 ? `${countText(count)} ${what}` : `none ${what}`}</dt>
    <dd aria-hidden="true">→</dd>
  </div>
`
