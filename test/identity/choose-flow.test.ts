import { describe, expect, it } from 'vitest';
import { chooseFlow, type FlowFacts, type FlowWish } from '../../src/identity/choose-flow.ts';

const desktop: FlowFacts = {
  env: { DISPLAY: ':0' },
  platform: 'linux',
  personPresent: true,
  inContainer: false,
  hasWindowsOpener: false,
};
const noWish: FlowWish = { deviceCode: false, browser: undefined };

describe('which way to sign in', () => {
  const cases: readonly [string, Partial<FlowFacts>, Partial<FlowWish>, string, boolean][] = [
    ['a Linux desktop', {}, {}, 'browser', true],
    ['Wayland', { env: { WAYLAND_DISPLAY: 'wayland-0' } }, {}, 'browser', true],
    ['macOS', { platform: 'darwin', env: {} }, {}, 'browser', true],
    ['Windows', { platform: 'win32', env: {} }, {}, 'browser', true],
    ['--no-browser', {}, { browser: 'print' }, 'browser', false],
    ['--device-code', {}, { deviceCode: true }, 'device-code', false],
    ['no display', { env: {} }, {}, 'device-code', false],
    ['no display, but BROWSER', { env: { BROWSER: 'w3m' } }, {}, 'browser', true],
    ['SSH', { env: { DISPLAY: ':10', SSH_CONNECTION: 'a b c d' } }, {}, 'device-code', false],
    ['SSH with a terminal', { env: { DISPLAY: ':10', SSH_TTY: '/dev/pts/1' } }, {}, 'device-code', false],
    ['SSH on macOS', { platform: 'darwin', env: { SSH_TTY: '/dev/ttys001' } }, {}, 'device-code', false],
    ['a container', { inContainer: true }, {}, 'device-code', false],
    ['Codespaces', { env: { DISPLAY: ':0', CODESPACES: 'true' } }, {}, 'device-code', false],
    ['WSL without a browser', { env: { WSL_DISTRO_NAME: 'Debian' } }, {}, 'device-code', false],
    ['WSL with wslview', { env: { WSL_DISTRO_NAME: 'Debian' }, hasWindowsOpener: true }, {}, 'browser', true],
    ['WSL with BROWSER', { env: { WSL_DISTRO_NAME: 'Debian', BROWSER: 'x' } }, {}, 'browser', true],
    ['no terminal', { personPresent: false }, {}, 'device-code', false],
    ['no terminal, --no-browser', { personPresent: false }, { browser: 'print' }, 'device-code', false],
    ['--browser over SSH', { env: { SSH_TTY: '/dev/pts/1' } }, { browser: 'open' }, 'browser', true],
    ['--browser without a person', { personPresent: false }, { browser: 'open' }, 'browser', false],
  ];
  it.each(cases)('%s', (_name, facts, wish, flow, openBrowser) => {
    const chosen = chooseFlow({ ...noWish, ...wish }, { ...desktop, ...facts });
    expect(chosen).toMatchObject({ flow, openBrowser });
    const asked = wish.deviceCode || flow === 'browser';
    expect(chosen.because === undefined).toBe(asked);
  });
});
