import { json, type MissingCalls } from './emulator-shim.ts';

/** What moto 5.2 forgets of a function: where it puts what it failed at. */
export function missingOfFunctions(): MissingCalls {
  const deadLetters = new Map<string, unknown>();
  return {
    answer: () => undefined,
    amend({ service, operation, segments, body }, answer) {
      const [, functions, name, part] = segments;
      if (service !== 'lambda' || functions !== 'functions' || answer.status >= 300) return undefined;
      if (operation !== 'GET') {
        const put =
          body === '' ? {} : (JSON.parse(body) as { FunctionName?: string; DeadLetterConfig?: object });
        const of = put.FunctionName ?? name;
        if (of !== undefined && 'DeadLetterConfig' in put) deadLetters.set(of, put.DeadLetterConfig);
        return undefined;
      }
      const DeadLetterConfig = deadLetters.get(name ?? '');
      if (DeadLetterConfig === undefined) return undefined;
      const read = JSON.parse(answer.body) as { Configuration?: object };
      if (part === 'configuration') return json({ ...read, DeadLetterConfig });
      if (part !== undefined || read.Configuration === undefined) return undefined;
      return json({ ...read, Configuration: { ...read.Configuration, DeadLetterConfig } });
    },
  };
}
