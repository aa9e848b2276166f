import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { failureOf, hostWith } from '../support/config-host.ts';

const dev = 'environments:\n  dev:\n    account: "111111111111"\n    region: us-east-1\n';
const shop = `${dev}    databases:\n      shop:\n        cluster: dev-shop\n        database: shop\n        user: developer\n`;
const environmentKeys =
  'It takes: description, account, region, production, permission_set, groups, role_chain, default_database, databases, instances, forwards, max_session, tunnel_document, default_cluster, clusters';

/** What is wrong · forge.yaml · the sentence · the hint. */
const table: readonly (readonly [string, string | Uint8Array, string, string?])[] = [
  ['nothing', '', 'forge.yaml:1:1: The file says nothing.', 'forge config init --force writes one.'],
  [
    'only comments',
    '# soon\n',
    'forge.yaml:1:1: The file says nothing.',
    'forge config init --force writes one.',
  ],
  ['a list', '- dev\n- qa\n', 'forge.yaml:1:1: The file is a list; it must be a mapping.'],
  [
    'a list of environments',
    'environments: []\n',
    'forge.yaml:1:15: environments is a list; it must be a mapping.',
  ],
  [
    'a list for an environment',
    'environments:\n  dev: [x]\n',
    'forge.yaml:2:8: environments.dev is a list; it must be a mapping.',
  ],
  [
    'a mapping for a list',
    `${dev}    role_chain: {}\n`,
    'forge.yaml:5:5: environments.dev.role_chain is a mapping; it must be a list.',
  ],
  ['a sentence', 'hello\n', 'forge.yaml:1:1: The file is "hello"; it must be a mapping.'],
  [
    'an unknown key at the top',
    'enviroments: {}\n',
    'forge.yaml:1:1: The file has no key "enviroments".',
    'Did you mean: environments. It takes: version, extends, sign_in, default_environment, credential_store, audit, environments, groups, break_glass',
  ],
  [
    'an unknown key in an environment',
    `${dev}    acount: x\n`,
    'forge.yaml:5:5: environments.dev has no key "acount".',
    environmentKeys,
  ],
  [
    'a missing key',
    'environments:\n  dev:\n    region: us-east-1\n',
    'forge.yaml:2:3: environments.dev needs "account".',
  ],
  [
    'an environment with nothing in it',
    'environments:\n  dev:\n',
    'forge.yaml:2:3: environments.dev has no value; it must be a mapping.',
  ],
  [
    'a forward that is none',
    `${dev}    forwards:\n      stores:\n        instance: bastion\n        ports: ["db.internal"]\n`,
    'forge.yaml:8:17: environments.dev.forwards.stores.ports[0] is "db.internal"; it must be a forward: [local:][host:]port, such as 5432, 9200:9100 or db.internal:5432.',
  ],
  [
    'a number that is no port',
    `${dev}    forwards:\n      stores:\n        instance: bastion\n        ports: [70000]\n`,
    'forge.yaml:8:17: environments.dev.forwards.stores.ports[0] is the number 70000; it must be a forward: [local:][host:]port, such as 5432, 9200:9100 or db.internal:5432.',
  ],
  [
    'forwards to nowhere',
    `${dev}    forwards:\n      stores:\n        instance: bastion\n`,
    'forge.yaml:6:7: environments.dev.forwards.stores needs "ports" or "socks".',
  ],
  [
    'forwards through nothing',
    `${dev}    forwards:\n      stores:\n        ports: ["80"]\n`,
    'forge.yaml:6:7: environments.dev.forwards.stores needs "instance".',
  ],
  [
    'two forwards at one port',
    `${dev}    forwards:\n      stores:\n        instance: bastion\n        ports: ["80", "80:db.internal:81"]\n`,
    'forge.yaml:6:7: environments.dev.forwards.stores would listen twice on port 80.',
  ],
  [
    'more streams than there may be',
    `${dev}    forwards:\n      stores:\n        instance: bastion\n        socks: 1080\n        streams: 17\n`,
    'forge.yaml:9:18: environments.dev.forwards.stores.streams is the number 17; it must be a number from 1 to 16.',
  ],
  [
    'an account that lost its leading zero',
    'environments:\n  dev:\n    account: 012345678901\n    region: us-east-1\n',
    'forge.yaml:3:14: environments.dev.account is the number 012345678901; it must be 12 digits in quotes.',
    'Put it in quotes: "012345678901"',
  ],
  [
    'an account of 11 digits',
    'environments:\n  dev:\n    account: "11111111111"\n    region: us-east-1\n',
    'forge.yaml:3:14: environments.dev.account is "11111111111"; it must be 12 digits in quotes.',
  ],
  [
    'yes for true',
    `${dev}    production: yes\n`,
    'forge.yaml:5:17: environments.dev.production is "yes"; it must be true or false.',
    'Did you mean: true',
  ],
  [
    'a region that is none',
    'environments:\n  dev:\n    account: "111111111111"\n    region: Virginia\n',
    'forge.yaml:4:13: environments.dev.region is "Virginia"; it must be a region such as us-east-1.',
  ],
  [
    'a name with a space',
    'environments:\n  "d v":\n    account: "111111111111"\n    region: us-east-1\n',
    'forge.yaml:2:3: environments has the name "d v"; it must be a name (1 to 64 letters, digits and ._-).',
  ],
  [
    'a name that would inject a line',
    'environments:\n  "x]\\ncredential_process=evil":\n    account: "111111111111"\n    region: us-east-1\n',
    'forge.yaml:2:3: environments has the name "x]\\ncredential_process=evil"; it must be a name (1 to 64 letters, digits and ._-).',
  ],
  [
    'a word that is not one of the choices',
    'credential_store: keychian\n',
    'forge.yaml:1:19: credential_store is "keychian"; it must be auto, keychain, file or none.',
    'Did you mean: keychain',
  ],
  ['another version', 'version: 2\n', 'forge.yaml:1:10: version is the number 2; it must be 1.'],
  [
    'a channel without quotes',
    'break_glass:\n  channels:\n    alerts: #platform-incidents\n',
    'forge.yaml:3:5: break_glass.channels.alerts has no value; it must be a channel, e.g. "#platform-support".',
    'What follows " #" is a comment: put the value in quotes.',
  ],
  [
    'a duration over the limit',
    `${shop}        role: r\n        duration: 13h\n`,
    'forge.yaml:11:19: environments.dev.databases.shop.duration is "13h"; it must be a duration from 15m to 12h, e.g. 1h.',
  ],
  [
    'a duration without a unit',
    `${shop}        role: r\n        duration: 3600\n`,
    'forge.yaml:11:19: environments.dev.databases.shop.duration is the number 3600; it must be a duration from 15m to 12h, e.g. 1h.',
    'Put it in quotes: "3600"',
  ],
  [
    'a port out of range',
    `${shop}        port: 70000\n`,
    'forge.yaml:10:15: environments.dev.databases.shop.port is the number 70000; it must be a port from 1 to 65535.',
  ],
  [
    'a database without a server',
    `${dev}    databases:\n      shop:\n        database: shop\n        user: developer\n`,
    'forge.yaml:6:7: environments.dev.databases.shop needs one of "cluster", "instance" and "endpoint".',
  ],
  [
    'a database with two servers',
    `${shop}        instance: dev-1\n`,
    'forge.yaml:6:7: environments.dev.databases.shop has "cluster" and "instance"; it must be one of them.',
  ],
  [
    'an address on the internet',
    `${shop}        address: 203.0.113.7\n`,
    'forge.yaml:10:18: environments.dev.databases.shop.address is "203.0.113.7"; it must be an IP address of this machine or a private network (127.0.0.1, 10.…, 192.168.…).',
  ],
  [
    'a start URL without TLS',
    'sign_in:\n  start_url: http://d-9067f7c0de.awsapps.com/start\n  region: us-east-1\n',
    'forge.yaml:2:14: sign_in.start_url is "http://d-9067f7c0de.awsapps.com/start"; it must be an https:// address.',
  ],
  [
    'a key with an unknown name inside a role chain',
    `${dev}    role_chain:\n      - role: a\n        arn: b\n`,
    'forge.yaml:7:9: environments.dev.role_chain[0] has no key "arn".',
    'It takes: role, external_id, mfa_serial, duration\nAnd 1 more: forge config check',
  ],
  [
    'a number in a role chain',
    `${dev}    role_chain: [7]\n`,
    'forge.yaml:5:18: environments.dev.role_chain[0] is the number 7; it must be the name of a role, or its ARN (arn:aws:iam::<account>:role/<name>).',
    'Put it in quotes: "7"',
  ],
  [
    'a key twice',
    `${dev}  dev:\n    account: "222222222222"\n`,
    'forge.yaml:5:3: environments.dev is there twice: first in line 2.',
  ],
  [
    'an anchor',
    'environments: &all {}\n',
    'forge.yaml:1:20: environments has an anchor (&…): forge.yaml has none; remove it.',
  ],
  [
    'an alias',
    'environments: *all\n',
    'forge.yaml:1:15: environments is an alias (*…): forge.yaml has none; write the value out.',
  ],
  [
    'a tag',
    'default_environment: !!js/function "process.exit()"\n',
    'forge.yaml:1:36: default_environment has the tag !!js/function: forge.yaml has none; remove it.',
  ],
  [
    'a merge key',
    'environments:\n  dev:\n    <<: { region: us-east-1 }\n    account: "111111111111"\n',
    'forge.yaml:2:3: environments.dev needs "region".',
    `And 1 more: forge config check`,
  ],
  [
    'a directive',
    '%YAML 1.1\n---\nversion: 1\n',
    'forge.yaml:1:1: The file has a %… directive: forge.yaml has none; remove the line.',
  ],
  [
    'a second document',
    'version: 1\n---\nversion: 1\n',
    'forge.yaml:2:1: A second document begins here.',
    'forge.yaml is one document: remove the line "---" or "...".',
  ],
  [
    'a tab',
    'environments:\n\tdev:\n',
    'forge.yaml:2:1: A tab is used to indent.',
    'YAML indents with spaces: replace the tab by two.',
  ],
  [
    '__proto__',
    'environments:\n  __proto__:\n    account: "111111111111"\n',
    'forge.yaml:2:3: environments.__proto__ can’t be used as a name.',
  ],
  [
    'UTF-16',
    Buffer.from('\ufeffversion: 1\n', 'utf16le'),
    'The configuration ~/forge.yaml is UTF-16.',
    'Save it as UTF-8.',
  ],
  [
    'Latin-1',
    Buffer.from('default_environment: d\xe9v\n', 'latin1'),
    'The configuration ~/forge.yaml is not UTF-8.',
    'Save it as UTF-8.',
  ],
  [
    'a NUL byte',
    'version: 1\0\n',
    'The configuration ~/forge.yaml holds a NUL byte: it is no text.',
    'forge config path shows where forge looks; forge config init writes one.',
  ],
  [
    'more than 1 MiB',
    `# ${'x'.repeat(1_048_576)}\nversion: 1\n`,
    'The configuration ~/forge.yaml is larger than 1 MiB.',
    'forge config path shows where forge looks; forge config init writes one.',
  ],
];

describe('a forge.yaml with a mistake is refused in one sentence with its place', () => {
  it.each(table.map(([what, text, message, hint]) => [what, text, message, hint] as const))(
    '%s',
    async (_, text, message, hint) => {
      const host = hostWith({ 'forge.yaml': text });
      expect(await failureOf(host, loadConfig(host, undefined))).toEqual({
        kind: 'usage',
        code: message.startsWith('The configuration') ? 'CONFIG_UNREADABLE' : 'CONFIG_INVALID',
        message,
        hint,
      });
    },
  );

  it('the first of several is shown, the others are counted', async () => {
    const host = hostWith({ 'forge.yaml': 'a: 1\nb: 2\nversion: 3\n' });
    expect(await failureOf(host, loadConfig(host, undefined))).toMatchObject({
      message: 'forge.yaml:1:1: The file has no key "a".',
      hint: expect.stringMatching(/\nAnd 2 more: forge config check$/),
    });
  });

  it('lines and columns are right behind CRLF and a byte order mark', async () => {
    const text = `\ufeff${dev}    production: yes\n`.replaceAll('\n', '\r\n');
    const host = hostWith({ 'forge.yaml': text });
    expect((await failureOf(host, loadConfig(host, undefined))).message).toMatch(/^forge\.yaml:5:17: /);
  });

  it('a folder that is deep without end is refused, not crashed on', async () => {
    const host = hostWith({ 'forge.yaml': `a: ${'['.repeat(50_000)}` });
    expect(await failureOf(host, loadConfig(host, undefined))).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
