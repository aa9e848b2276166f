import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { escapeLine } from '../lib/escape-for-terminal.ts';
import { discardTypeAhead } from './discard-type-ahead.ts';
import { refusingPrompt } from './refusing-prompt.ts';

/** Questions to the person at the terminal. Every question has a flag that answers it in scripts. */
export interface Prompt {
  /** Someone is there: stdin and stderr are terminals and --no-input was not given. */
  readonly possible: boolean;
  text(question: Question): Promise<string>;
  secret(question: Question): Promise<string>;
  confirm(question: Question): Promise<boolean>;
  select<Value>(question: Question & { readonly choices: readonly Choice<Value>[] }): Promise<Value>;
}

export interface Question {
  readonly message: string;
  /** The flag that gives the answer without asking, e.g. `--confirm prod-wealth`. */
  readonly flag: string;
  readonly default?: string;
}

export interface Choice<Value> {
  readonly name: string;
  readonly value: Value;
  readonly description?: string;
}

export function createPrompt(host: Host, options: { readonly input: boolean }): Prompt {
  const possible = options.input && host.stdin.isTTY === true && host.stderr.isTTY === true;
  // inquirer is loaded only when somebody is really asked.
  const ask = async <Answer>(question: Question, run: (inquirer: Inquirer) => Promise<Answer>) => {
    if (!possible) return refusingPrompt.text(question) as never;
    const { default: inquirer } = await import('inquirer');
    try {
      return await run(inquirer);
    } catch (error) {
      // inquirer takes the terminal raw, so Ctrl-C comes as its own error and not as a signal.
      if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
        throw new ForgeError('interrupted', 'Interrupted.', { code: 'INTERRUPTED' });
      }
      throw error;
    }
  };
  const one = <Answer>(question: Question, extra: Record<string, unknown>, fresh = false) =>
    ask(question, async (inquirer) => {
      if (fresh) await discardTypeAhead(host);
      const streams = { input: host.stdin, output: host.stderr };
      const module = inquirer.createPromptModule(
        streams as Parameters<typeof inquirer.createPromptModule>[0],
      );
      // A question may quote a server or a file of somebody else's.
      const message = escapeLine(question.message);
      const asked = { name: 'answer', message, default: question.default, ...extra };
      const { answer } = (await module([asked as never])) as { answer: Answer };
      return answer;
    });
  return {
    possible,
    text: (question) => one<string>(question, { type: 'input' }),
    secret: (question) => one<string>(question, { type: 'password', mask: true, default: undefined }),
    // Enter alone answers these two.
    confirm: (question) =>
      one<boolean>(question, { type: 'confirm', default: question.default === 'yes' }, true),
    select: <Value>(question: Question & { readonly choices: readonly Choice<Value>[] }) =>
      one<Value>(question, { type: 'select', choices: question.choices.map(safeChoice) }, true),
  };
}

function safeChoice<Value>({ name, value, description }: Choice<Value>): Choice<Value> {
  const safe = { name: escapeLine(name), value };
  return description === undefined ? safe : { ...safe, description: escapeLine(description) };
}

type Inquirer = typeof import('inquirer').default;
