import { css, html, nothing, type PropertyDeclarations, svg, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { PanelPart } from './PanelPart.ts'
import { panelStyles } from './PanelStyles.ts'
import { clockText, msText, plural } from './PanelText.ts'
import type { TimelineEntry, TimelineKind, TimelineRebase } from './Timeline.ts'

/** How each kind is drawn: a colour and a mark, and how much it stands out on the strip. */
const looks: Readonly<
  Record<TimelineKind, { readonly colour: string; readonly mark: string; readonly height: number }>
> = {
  commit: { colour: 'info', mark: '+', height: 8 },
  advance: { colour: 'ok', mark: '✓', height: 8 },
  rebase: { colour: 'rebase', mark: '↶', height: 28 },
  snapshot: { colour: 'rebase', mark: '▣', height: 28 },
  connection: { colour: 'quiet', mark: '⇄', height: 16 },
  rejected: { colour: 'error', mark: '✕', height: 34 },
  reinstated: { colour: 'ok', mark: '↺', height: 20 },
  quarantined: { colour: 'warning', mark: '!', height: 34 },
  stopped: { colour: 'error', mark: '■', height: 34 },
  failure: { colour: 'warning', mark: '!', height: 34 },
}

/** Which entries there are at once: every tick draws them anew. */
const shownMax = 200

/** What has happened since the inspector watches, newest first, with a strip of it above. */
export class TimelinePart extends PanelPart {
  static override properties: PropertyDeclarations = { ...PanelPart.properties, isBrief: { state: true } }

  /** Without commits and advances. */
  declare isBrief: boolean

  constructor() {
    super()
    this.isBrief = false
  }

  protected override render(): TemplateResult {
    const { watch } = this
    if (watch === undefined) return html``
    const { entries, dropped } = watch.timeline
    const chosen = this.isBrief ? entries.filter(({ kind }) => kind !== 'commit' && kind !== 'advance') : entries
    const shown = chosen.slice(-shownMax)
    const rebases = entries.filter(({ kind }) => kind === 'rebase')
    return html`
      <div class="bar">
        <label>
          <input type="checkbox" .checked=${this.isBrief} @change=${() => (this.isBrief = !this.isBrief)} />
          without commits and advances
        </label>
        <span class="quiet push">
          ${plural(rebases.length, 'rebase')}${dropped > 0 ? `, ${plural(dropped, 'older entry', 'older entries')} forgotten` : ''}
        </span>
      </div>
      ${shown.length === 0 ? html`<p class="empty">Nothing has happened since the inspector was attached.</p>` : strip(shown)}
      <ol aria-label="What has happened, newest first">
        ${repeat(shown.toReversed(), ({ number }) => number, entryRow)}
      </ol>
    `
  }

  static override styles = [
    panelStyles,
    css`
      :host {
        display: block;
        container-type: inline-size;
      }
      svg {
        display: block;
        width: 100%;
        height: 48px;
        border-bottom: 1px solid var(--line);
        background: var(--raised);
      }
      rect.commit,
      rect.info {
        fill: var(--info);
      }
      rect.ok {
        fill: var(--ok);
      }
      rect.rebase {
        fill: var(--rebase);
      }
      rect.quiet {
        fill: var(--quiet);
      }
      rect.error {
        fill: var(--error);
      }
      rect.warning {
        fill: var(--warning);
      }
      .span {
        display: flex;
        justify-content: space-between;
        font-size: 11px;
        padding: 2px 12px;
      }
      li {
        display: grid;
        grid-template-columns: 84px 20px minmax(0, 1fr) auto;
        gap: 8px;
        padding: 5px 12px;
        border-bottom: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      .mark {
        font-weight: 700;
        text-align: center;
      }
      .title {
        font-weight: 500;
      }
      .lanes {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 3px 10px;
        margin-top: 4px;
        align-items: baseline;
      }
      .lane {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }
      .chip {
        border: 1px solid var(--line);
        border-radius: 5px;
        padding: 0 6px;
        background: var(--raised);
      }
      del.chip {
        color: var(--quiet);
      }
      @container (max-width: 640px) {
        li {
          grid-template-columns: 64px 16px minmax(0, 1fr);
        }
        li .ms {
          display: none;
        }
      }
    `,
  ]
}

const stripWidth = 1000
const stripHeight = 48

/** Time from left to right. Drawn with attributes only: a page's policy may forbid inline styles. */
const strip = (entries: ReadonlyArray<TimelineEntry>): TemplateResult => {
  const [first, last] = [entries[0]!.at, entries.at(-1)!.at]
  const span = Math.max(last - first, 1)
  const place = ({ at }: TimelineEntry): number => ((at - first) / span) * (stripWidth - 6)
  return html`
    <svg
      viewBox="0 0 ${stripWidth} ${stripHeight}"
      preserveAspectRatio="none"
      role="img"
      aria-label="Strip of what has happened; the list below says the same"
    >
      ${entries.map((entry) => {
        const { colour, height } = looks[entry.kind]
        return svg`<rect class=${colour} x=${place(entry)} y=${stripHeight - height} width="5" height=${height}><title>${entry.title}</title></rect>`
      })}
    </svg>
    <p class="span quiet"><span>${clockText(first)}</span><span>${clockText(last)}</span></p>
  `
}

const entryRow = ({ at, kind, title, text, ms, rebase }: TimelineEntry): TemplateResult => html`
  <li>
    <span class="quiet">${clockText(at)}</span>
    <span class="mark ${looks[kind].colour}" aria-hidden="true">${looks[kind].mark}</span>
    <div>
      <span class="title ${looks[kind].colour === 'quiet' ? '' : looks[kind].colour}">${title}</span>
      ${text === '' ? nothing : html`<span class="quiet"> ${text}</span>`} ${rebase === null ? nothing : lanes(rebase)}
    </div>
    <span class="quiet ms">${ms === null ? nothing : msText(ms)}</span>
  </li>
`

/** What went away, what came, what moved: the picture of a rebase. */
const lanes = ({ counts, undone, others, moved }: TimelineRebase): TemplateResult => html`
  <div class="lanes mono">
    ${lane(
      'undone',
      counts.undone,
      undone.map((text) => html`<del class="chip">${text}</del>`),
    )}
    ${lane(
      'of others',
      counts.others,
      others.map((text) => html`<span class="chip">${text}</span>`),
    )}
    ${lane(
      'moved',
      counts.moved,
      moved.map(({ name, from, to }) => html`<span class="chip rebase">${from} → ${to} ${name}</span>`),
    )}
  </div>
`

const lane = (name: string, count: number, chips: ReadonlyArray<TemplateResult>): TemplateResult | typeof nothing =>
  count === 0
    ? nothing
    : html`
        <span class="quiet">${name}</span>
        <span class="lane"
          >${chips}${count > chips.length ? html`<span class="quiet">and ${count - chips.length} more</span>` : nothing}</span
        >
      `
