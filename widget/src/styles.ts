/** How the widget looks. Every colour is one `light-dark()` line, and follows the page's `color-scheme`. */

// A page may set the custom properties that begin with `--answerable-`; everything else is closed to its styles.
export const css = `
:host {
  all: initial;
  color-scheme: inherit;
  --accent: var(--answerable-accent, light-dark(oklch(.5 .19 264), oklch(.73 .125 262)));
  --solid: var(--answerable-accent, oklch(.5 .19 264));
  --on-solid: var(--answerable-on-accent, #fff);
  --surface: light-dark(oklch(.995 .0015 85), oklch(.198 .005 75));
  --sunken: light-dark(oklch(.972 .0035 85), oklch(.165 .005 75));
  --hairline: 1px solid light-dark(oklch(.912 .005 85), oklch(.275 .006 75));
  --text: light-dark(oklch(.215 .008 70), oklch(.945 .004 85));
  --muted: light-dark(oklch(.415 .009 72), oklch(.765 .006 85));
  --soft: color-mix(in oklab, var(--accent) 14%, var(--surface));
}
:host([theme=light]) { color-scheme: light }
:host([theme=dark]) { color-scheme: dark }
:host([theme=auto]) { color-scheme: light dark }
* { box-sizing: border-box; margin: 0; padding: 0; min-width: 0; font: inherit; color: inherit; overflow-wrap: anywhere; list-style: none; border-collapse: collapse }
[hidden] { display: none !important }
.root { font: 14px/22px var(--answerable-font, Geist, system-ui, sans-serif); color: var(--text) }
.small { font-size: 12px; line-height: 18px; color: var(--muted) }
button { background: none; border: 0; cursor: pointer }
a, .link { text-decoration: underline; text-underline-offset: 2px }
.link { line-height: 24px }
a { color: var(--accent) }
svg { width: 18px; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; vertical-align: middle }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.launcher, .panel { position: fixed; z-index: 2147483000; inset: auto var(--answerable-right, 20px) var(--answerable-bottom, 20px) auto; box-shadow: 0 8px 48px #0004 }
.launcher { width: 52px; height: 52px; border-radius: 26px }
.badge { position: absolute; top: -4px; right: -4px; padding: 0 8px; border-radius: 12px; background: oklch(.53 .19 25); color: #fff }
.panel { width: 400px; height: 640px; max-height: calc(100dvh - 40px); flex-direction: column; border: var(--hairline); border-radius: 16px; background: var(--surface); overflow: hidden; outline: 0 }
.panel[open] { display: flex }
.head { display: flex; align-items: center; gap: 8px; padding: 12px 18px; border-bottom: var(--hairline) }
.head div, .row span, .body, textarea { flex: 1 }
.bold, h2, h3, strong, th { font-weight: 600 }
h2 { font-size: 15px }
.icon { width: 32px; height: 32px; border-radius: 8px }
.icon, .row svg { color: var(--muted) }
.solid { background: var(--solid); color: var(--on-solid) }
.head > :first-child { scale: -1 }
button:not(.solid):hover { background: var(--sunken) }
.body, .wide { overflow: auto }
.body { overscroll-behavior: contain; padding: 18px }
h3 { font-size: 21px; line-height: 28px }
.card { margin: 16px 0; border: var(--hairline); border-radius: 12px; overflow: hidden }
h4 { padding: 9px 13px 0 }
.row { display: flex; align-items: center; gap: 8px; width: 100%; padding: 9px 13px; text-align: start }
li + li > .row { border-top: var(--hairline) }
.row, .body { outline-offset: -3px }
.log { display: grid; gap: 14px }
.bubble { padding: 9px 13px; border-radius: 14px 14px 4px; white-space: pre-wrap; width: fit-content }
.mine { justify-self: end; max-width: 85%; display: grid; justify-items: end; gap: 4px }
.rep .bubble { background: var(--sunken) }
.reply { padding-inline-end: 20px }
.note { text-align: center }
em { font-style: italic }
.words > * + *, blockquote > * + *, .words li > :is(p, ul, ol, div) { margin-top: 8px }
.words li { margin: 4px 0 0 20px; list-style: disc }
ol > li { list-style: decimal !important }
code { font: 12.5px ui-monospace, Menlo, Consolas, monospace; border-radius: 4px; padding: 1px 4px; background: var(--sunken) }
blockquote { border-inline-start: 2px solid var(--accent); padding-inline-start: 10px }
th, td { border: var(--hairline); padding: 4px 8px; text-align: start }
.chip { min-width: 18px; padding: 0 4px; border-radius: 4px; background: var(--soft); color: var(--accent); font-size: 11px; line-height: 18px; text-align: center; display: inline-block }
.sources, .rate { margin-top: 10px }
.sources { padding-top: 6px; border-top: var(--hairline); font-size: 13px }
.sources li, .rate { display: flex; flex-wrap: wrap; align-items: center; gap: 0 6px }
.sources .icon { width: 24px; height: 24px; rotate: 90deg }
[aria-expanded=true] { scale: -1 }
.title { max-width: calc(100% - 54px) }
.sources blockquote { flex-basis: 100%; margin-bottom: 6px; color: var(--text) }
.choice { padding: 4px 8px; border: var(--hairline); border-radius: 4px; color: var(--text) }
[aria-pressed=true] { background: var(--soft) !important; color: var(--accent) }
.dot { color: var(--accent) }
.foot { padding: 0 12px 8px; display: grid; gap: 4px; justify-items: center }
.problem { color: light-dark(oklch(.53 .19 25), oklch(.735 .145 25)) }
.composer { width: 100%; display: flex; align-items: end; gap: 6px; padding: 5px; border: var(--hairline); border-radius: 12px; background: var(--sunken) }
.composer:focus-within { outline: 2px solid var(--accent); outline-offset: -1px }
textarea { max-height: 132px; padding: 5px 8px; border: 0; background: none; resize: none; field-sizing: content }
textarea:focus { outline: 0 }
textarea::placeholder { color: var(--muted) }
.send:disabled { opacity: .38 }
@media (max-width: 480px) {
  .panel { inset: 0; width: 100%; max-width: none; height: 100dvh; max-height: none; border: 0; border-radius: 0 }
  .head { padding-top: max(12px, env(safe-area-inset-top)) }
  .foot { padding-bottom: max(8px, env(safe-area-inset-bottom)) }
  textarea { font-size: 16px }
}
@media (prefers-reduced-motion: no-preference) {
  .dot { animation: beat 1.2s infinite }
  @keyframes beat { 50% { opacity: .2 } }
}
`;
