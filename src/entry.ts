/** What bin/forge.cjs needs, and nothing more: the bundle's entry. */
export { exitWith, onDefect, systemHost } from './host.ts';
export { main, reportFailure } from './main.ts';
