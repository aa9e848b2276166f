/** What bin/forge.cjs needs, and nothing more: the bundle's entry. */
export { exitWith, systemHost } from './host.ts';
export { main } from './main.ts';
