import * as v from 'valibot';
import { breakGlass } from './break-glass-schema.ts';
import {
  described,
  list,
  mapOf,
  maskedColumns,
  name,
  oneOf,
  permissionSet,
  region,
  text,
} from './schema-parts.ts';
import { environment } from './target-schema.ts';

/**
 * What forge.yaml may say, as it stands in the file (snake_case). The JSON Schema that editors use is made from
 * this (scripts/generate-schema.ts). Messages end the sentence "… must be".
 */
const group = v.strictObject(
  {
    access: v.optional(described('For people: what it gives.', v.string('text'))),
    members: v.optional(described('For people: who is in it.', v.string('text'))),
    environments: v.optional(
      described('Environment → the permission set that the group holds there.', mapOf(permissionSet)),
    ),
    network: v.optional(described('Environments whose private network it reaches (VPN).', list(name))),
  },
  'a mapping',
);

export const configSchema = v.strictObject(
  {
    version: v.optional(described('Form of this file.', v.literal(1, '1'))),
    extends: v.optional(
      described(
        'Another forge.yaml, relative to this one, that this one changes.',
        text('the path of a file', /^[^\x00-\x1f\x7f-\x9f]+$/),
      ),
    ),
    sign_in: v.optional(
      described(
        'IAM Identity Center: where people sign in.',
        v.strictObject(
          {
            start_url: described(
              'Start URL of the access portal.',
              text('an https:// address', /^https:\/\/[A-Za-z0-9.-]+(:\d+)?(\/[^\s\x00-\x1f\x7f-\x9f]*)?$/),
            ),
            region: described('Region of Identity Center itself.', region),
            session: v.optional(
              described('Name of the [sso-session] that the AWS CLI and forge share. Default: forge.', name),
            ),
            scopes: v.optional(
              described(
                'Default: [sso:account:access].',
                list(text('a scope such as sso:account:access', /^[\w:.-]{1,80}$/)),
              ),
            ),
          },
          'a mapping',
        ),
      ),
    ),
    default_environment: v.optional(described('Meant when no environment is named.', name)),
    credential_store: v.optional(
      described(
        'Where role credentials may be kept (never those of production): auto is the keychain, else a private file. Default: auto.',
        oneOf(['auto', 'keychain', 'file', 'none']),
      ),
    ),
    audit: v.optional(
      described(
        'What is recorded of use.',
        v.strictObject(
          {
            mask: v.optional(
              described(
                'Columns of databases whose values are not written into the record of statements: email, customers.ssn, *iban*.',
                maskedColumns,
              ),
            ),
          },
          'a mapping',
        ),
      ),
    ),
    environments: v.optional(described('Name → environment: an AWS account and region.', mapOf(environment))),
    groups: v.optional(described('Name → group of Identity Center.', mapOf(group))),
    break_glass: v.optional(described('Emergency access to production.', breakGlass)),
  },
  'a mapping',
);

export type ConfigFile = v.InferOutput<typeof configSchema>;
