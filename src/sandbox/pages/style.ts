/** One sheet for all pages: no external assets, and the policy admits this text only (by its hash). */
export const style = `
:root { color-scheme: light dark; --ink: #16191f; --soft: #545b64; --line: #d5dbdb; --paper: #fff;
  --ground: #eef1f4; --action: #0b6bcb; --action-ink: #fff; --hazard: #f2b705; --hazard-ink: #1b1500; }
@media (prefers-color-scheme: dark) { :root { --ink: #eaeded; --soft: #a6b0bb; --line: #3b4552; --paper: #1b2430;
  --ground: #0f161f; --action: #4aa3ff; --action-ink: #04121f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
.sandbox { background: var(--hazard); color: var(--hazard-ink); padding: .7rem 1.25rem; text-align: center; }
.sandbox::after { content: ""; display: block; height: 10px; margin: .7rem -1.25rem -.7rem;
  background: repeating-linear-gradient(-45deg, #1b1500 0 14px, var(--hazard) 14px 28px); }
.sandbox strong { letter-spacing: .12em; }
main { max-width: 33rem; margin: 2.5rem auto; padding: 2rem; background: var(--paper);
  border: 1px solid var(--line); border-radius: 12px; box-shadow: 0 8px 30px rgb(0 0 0 / .08); }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); font-size: .9rem; }
ul.plain { list-style: none; margin: 0; padding: 0; }
button { font: inherit; cursor: pointer; border-radius: 8px; border: 1px solid var(--line);
  background: transparent; color: inherit; padding: .6rem 1.2rem; }
button:focus-visible, input:focus-visible { outline: 3px solid var(--action); outline-offset: 2px; }
button.primary { background: var(--action); border-color: var(--action); color: var(--action-ink); font-weight: 600; }
button.link { border: 0; padding: 0; color: var(--action); text-decoration: underline; }
button.person { display: flex; gap: .9rem; align-items: center; width: 100%; text-align: left;
  margin-bottom: .5rem; padding: .55rem .8rem; }
button.person:hover { border-color: var(--action); }
.initials { flex: none; width: 2.5rem; height: 2.5rem; border-radius: 50%; display: grid; place-items: center;
  background: var(--ground); color: var(--soft); font-weight: 600; font-size: .9rem; }
.person span span { display: block; }
.actions { display: flex; gap: .75rem; margin-top: 1.5rem; }
.code { font: 600 2rem/1.3 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; letter-spacing: .12em;
  text-align: center; padding: .9rem; border: 1px dashed var(--line); border-radius: 8px; margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1rem; margin: 0 0 1rem;
  padding: .9rem 1rem; background: var(--ground); border-radius: 8px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
input[type=text] { font: 600 1.4rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; width: 100%;
  padding: .6rem; border: 1px solid var(--line); border-radius: 8px; text-transform: uppercase; text-align: center;
  letter-spacing: .1em; background: transparent; color: inherit; }
label { display: block; margin-bottom: .35rem; }
.switch { margin-top: 1.75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
`;
