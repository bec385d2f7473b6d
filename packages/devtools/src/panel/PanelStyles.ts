import { css } from 'lit'

/**
 * Colours and shapes that all parts of the panel share. Every text has a contrast of 4.5 or more on its ground, in both
 * themes (`test/Panel.test.ts` measures it); nothing is told by colour alone.
 */
export const panelStyles = css`
  :host {
    --ground: light-dark(#ffffff, #16181d);
    --raised: light-dark(#f5f6f8, #1f2229);
    --line: light-dark(#d9dce3, #353a45);
    --text: light-dark(#1c2027, #e7e9ee);
    --quiet: light-dark(#596273, #a3abba);
    --accent: light-dark(#0b57c4, #8ab8ff);
    --ok: light-dark(#11703a, #6fd693);
    --info: light-dark(#0b57c4, #8ab8ff);
    --warning: light-dark(#8a5300, #f2b84b);
    --error: light-dark(#b3261e, #ff9b91);
    --rebase: light-dark(#7b2fae, #d7a6ff);
    --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace;
    color: var(--text);
    font:
      13px/1.45 system-ui,
      sans-serif;
  }
  * {
    box-sizing: border-box;
  }
  h2,
  h3,
  p,
  ol,
  ul,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  h3 {
    font-size: 12px;
    font-weight: 600;
    color: var(--quiet);
  }
  code,
  pre,
  .mono {
    font-family: var(--mono);
    font-size: 12px;
  }
  pre {
    margin: 0;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button,
  select,
  input:not([type='checkbox'], [type='radio']) {
    background: var(--ground);
    border: 1px solid var(--line);
    border-radius: 6px;
    padding: 3px 10px;
    min-height: 28px;
  }
  button {
    cursor: pointer;
  }
  button:hover:not(:disabled) {
    border-color: var(--quiet);
  }
  button:disabled {
    color: var(--quiet);
    cursor: not-allowed;
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--ground);
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .quiet {
    color: var(--quiet);
  }
  .ok {
    color: var(--ok);
  }
  .info {
    color: var(--info);
  }
  .warning {
    color: var(--warning);
  }
  .error {
    color: var(--error);
  }
  .rebase {
    color: var(--rebase);
  }
  .number {
    text-align: right;
    font-variant-numeric: tabular-nums;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    align-items: center;
    padding: 8px 12px;
    border-bottom: 1px solid var(--line);
  }
  .bar .push {
    margin-left: auto;
  }
  .empty {
    padding: 24px 12px;
    color: var(--quiet);
    text-align: center;
  }
  .tag {
    display: inline-block;
    border: 1px solid currentColor;
    border-radius: 999px;
    padding: 0 7px;
    font-size: 11px;
    line-height: 17px;
    white-space: nowrap;
  }
  .scroll {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
    width: 100%;
  }
  th,
  td {
    text-align: left;
    vertical-align: top;
    padding: 4px 12px;
    border-bottom: 1px solid var(--line);
  }
  th {
    font-size: 12px;
    font-weight: 600;
    color: var(--quiet);
    white-space: nowrap;
  }
  summary {
    cursor: pointer;
  }
`
