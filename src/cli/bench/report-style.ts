/**
 * The style sheet of the HTML report: light, dark as the browser says, and paper.
 *
 * The colours of series are told apart by those who see red and green alike, and are others on a
 * dark ground; lines differ in their dashes too, so that a print without colour can be read.
 *
 * @module
 */

export const reportStyle = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --text: #1d2330; --soft: #5b6475; --grid: #d8dde6; --card: #f6f7f9;
  --s0: #0b62a8; --s1: #c2570c; --s2: #5f3fa3; --s3: #00795c; --s4: #a3225e; --s5: #6b6000;
  --s6: #4a5568; --s7: #8a3b12; --s8: #0f6d7a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171d; --text: #e7eaf0; --soft: #a5aebd; --grid: #3a414d; --card: #1c2028;
    --s0: #6cb6ff; --s1: #ffa657; --s2: #c2a5ff; --s3: #4fd1a5; --s4: #ff8fbf; --s5: #dcca4a;
    --s6: #b8c1d0; --s7: #e0a07c; --s8: #67d4e2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem; max-width: 66rem; background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif;
}
h1 { margin: 0 0 .25rem; font-size: 1.7rem; }
h2 { margin: 0; font-size: 1.25rem; }
h3 { margin: 0 0 .25rem; font-size: .95rem; font-weight: 600; }
p { margin: .25rem 0 .75rem; }
.soft, dt { color: var(--soft); }
.warning { border-left: 4px solid var(--s1); padding-left: .75rem; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dd { margin: 0; }
section { margin-top: 2.25rem; padding-top: 1.25rem; border-top: 1px solid var(--grid); }
.wide { overflow-x: auto; }
table {
  border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%;
  font-size: .875rem;
}
th, td { padding: .3rem .45rem; text-align: right; border-bottom: 1px solid var(--grid); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.charts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: 1rem; margin-top: 1rem;
}
figure { margin: 0; padding: .75rem; background: var(--card); border-radius: 6px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--grid); }
.line { fill: none; stroke-width: 2; }
.legend span { margin-right: 1.2rem; white-space: nowrap; }
.legend svg { display: inline-block; width: 30px; height: 10px; margin-right: .35rem; }
.series-0 { stroke: var(--s0); } circle.series-0, .bar.series-0 { fill: var(--s0); }
.series-1 { stroke: var(--s1); } circle.series-1, .bar.series-1 { fill: var(--s1); }
.series-2 { stroke: var(--s2); } circle.series-2, .bar.series-2 { fill: var(--s2); }
.series-3 { stroke: var(--s3); } circle.series-3, .bar.series-3 { fill: var(--s3); }
.series-4 { stroke: var(--s4); } circle.series-4, .bar.series-4 { fill: var(--s4); }
.series-5 { stroke: var(--s5); } circle.series-5, .bar.series-5 { fill: var(--s5); }
.series-6 { stroke: var(--s6); } circle.series-6, .bar.series-6 { fill: var(--s6); }
.series-7 { stroke: var(--s7); } circle.series-7, .bar.series-7 { fill: var(--s7); }
.series-8 { stroke: var(--s8); } circle.series-8, .bar.series-8 { fill: var(--s8); }
.line.series-1 { stroke-dasharray: 7 3; } .line.series-2 { stroke-dasharray: 2 3; }
.line.series-3 { stroke-dasharray: 9 3 2 3; } .line.series-4 { stroke-dasharray: 5 5; }
.line.series-5 { stroke-dasharray: 12 4; }
.line.series-6 { stroke-dasharray: 1 4; } .line.series-7 { stroke-dasharray: 7 3 2 3 2 3; }
.line.series-8 { stroke-dasharray: 4 2; }
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --text: #000000; --soft: #444444; --grid: #bbbbbb; --card: #ffffff;
    --s0: #0b62a8; --s1: #c2570c; --s2: #5f3fa3; --s3: #00795c; --s4: #a3225e; --s5: #6b6000;
    --s6: #4a5568; --s7: #8a3b12; --s8: #0f6d7a;
  }
  @page { margin: 15mm; }
  body { padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact; }
  .charts { grid-template-columns: 1fr 1fr; }
  figure { border: 1px solid var(--grid); }
  figure, table, tr { break-inside: avoid; }
  h2, h2 + p { break-after: avoid; }
  /* Paper cannot be scrolled. */
  .wide { overflow: visible; }
  table { font-size: 7.5pt; }
  th, td { padding: .15rem .25rem; }
  td:last-child { white-space: normal; }
}
`;
