import { auditCommands } from './command-tree/audit-commands.ts';
import { breakGlassCommands } from './command-tree/break-glass-commands.ts';
import type { CommandGroup, Entry } from './command-tree/command-group.ts';
import { credentialsCommands } from './command-tree/credentials-commands.ts';
import { databasesCommands } from './command-tree/databases-commands.ts';
import { infraCommands } from './command-tree/infra-commands.ts';
import { instancesCommands } from './command-tree/instances-commands.ts';
import { kubernetesCommands } from './command-tree/kubernetes-commands.ts';
import { rehearseCommands } from './command-tree/rehearse-commands.ts';
import { setUpCommands } from './command-tree/set-up-commands.ts';
import { signInCommands } from './command-tree/sign-in-commands.ts';

/** The command tree in --help order. */
export const groups: readonly CommandGroup[] = [
  signInCommands,
  databasesCommands,
  instancesCommands,
  kubernetesCommands,
  breakGlassCommands,
  auditCommands,
  credentialsCommands,
  setUpCommands,
  infraCommands,
  rehearseCommands,
];

export const entries: readonly Entry[] = groups.flatMap((group) => group.entries);
