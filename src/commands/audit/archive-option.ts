import type { OptionDefinition } from '../../command.ts';

export const archiveOption: OptionDefinition = {
  flags: '--archive',
  description: 'the archive of break-glass, not the journal of this machine',
};
