import { existsSync } from 'node:fs';
import { findProgram } from '../files/find-program.ts';
import type { Environment, Host } from '../host.ts';
import type { SignInFlow } from './client-registration.ts';

/** What is asked for on the command line. */
export interface FlowWish {
  readonly deviceCode: boolean;
  /** `open`: the browser, whatever forge thinks; `print`: only the address; undefined: as forge sees fit. */
  readonly browser: 'open' | 'print' | undefined;
}

/** What can be seen of where the person sits. */
export interface FlowFacts {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** Someone is at the terminal. */
  readonly personPresent: boolean;
  readonly inContainer: boolean;
  /** WSL has a program that hands addresses to Windows. */
  readonly hasWindowsOpener: boolean;
}

export interface ChosenFlow {
  readonly flow: SignInFlow;
  readonly openBrowser: boolean;
  /** Why not the browser, for people; undefined when it was asked for or is the usual way. */
  readonly because: string | undefined;
}

/**
 * The browser's answer comes to a port of this machine. Where the browser is likely to be on another one, or nobody
 * is there to look at it, a device code is the way; RFC 8252 and RFC 8628 describe the two.
 */
export function chooseFlow(wish: FlowWish, facts: FlowFacts): ChosenFlow {
  if (wish.deviceCode) return { flow: 'device-code', openBrowser: false, because: undefined };
  if (wish.browser === 'open')
    return { flow: 'browser', openBrowser: facts.personPresent, because: undefined };
  const because = reasonAgainstBrowser(facts);
  if (because !== undefined) return { flow: 'device-code', openBrowser: false, because };
  return { flow: 'browser', openBrowser: wish.browser !== 'print', because: undefined };
}

function reasonAgainstBrowser({ env, platform, ...facts }: FlowFacts): string | undefined {
  if (!facts.personPresent) return 'there is no terminal with a person at it';
  if (env.SSH_CONNECTION || env.SSH_TTY || env.SSH_CLIENT) return 'this is an SSH connection';
  if (facts.inContainer || env.CODESPACES === 'true') return 'this is a container';
  if (platform !== 'linux' || env.BROWSER) return undefined;
  if (env.WSL_DISTRO_NAME && !facts.hasWindowsOpener) return 'WSL has no browser here';
  if (env.WSL_DISTRO_NAME || env.DISPLAY || env.WAYLAND_DISPLAY) return undefined;
  return 'there is no display';
}

export function flowFacts(host: Pick<Host, 'env' | 'platform'>, personPresent: boolean): FlowFacts {
  const { env, platform } = host;
  return {
    env,
    platform,
    personPresent,
    // Docker's and Podman's marks.
    inContainer: platform === 'linux' && (existsSync('/.dockerenv') || existsSync('/run/.containerenv')),
    hasWindowsOpener: Boolean(env.WSL_DISTRO_NAME) && findProgram(host, 'wslview') !== undefined,
  };
}
