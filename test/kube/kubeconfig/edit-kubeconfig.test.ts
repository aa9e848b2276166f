import { describe, expect, it } from 'vitest';
import { editKubeconfig, type KubeEdit } from '../../../src/kube/kubeconfig/edit-kubeconfig.ts';
import { parseKubeconfig } from '../../../src/kube/kubeconfig/parse-kubeconfig.ts';

const edits: readonly KubeEdit[] = [
  {
    kind: 'set',
    list: 'clusters',
    name: 'arn:aws:eks:us-east-1:1:cluster/new',
    value: { 'certificate-authority-data': 'LS0t', server: 'https://new.example' },
  },
  {
    kind: 'set',
    list: 'users',
    name: 'new@role',
    value: { exec: { command: 'forge', args: ['kube', 'token', '--environment', 'dev'], env: null } },
  },
  {
    kind: 'set',
    list: 'contexts',
    name: 'new',
    value: { cluster: 'arn:aws:eks:us-east-1:1:cluster/new', user: 'new@role' },
  },
  { kind: 'current', name: 'new' },
];
const edit = (text: string, own: readonly KubeEdit[] = edits) =>
  editKubeconfig(parseKubeconfig('/home/me/.kube/config', text), own);
const twice = (text: string, own: readonly KubeEdit[] = edits) => {
  const once = edit(text, own);
  expect(edit(once, own)).toBe(once);
  return once;
};
const removal: readonly KubeEdit[] = [
  { kind: 'remove', list: 'clusters', name: 'arn:aws:eks:us-east-1:1:cluster/new' },
  { kind: 'remove', list: 'users', name: 'new@role' },
  { kind: 'remove', list: 'contexts', name: 'new' },
];
const cluster = `- cluster:
    certificate-authority-data: LS0t
    server: https://new.example
  name: arn:aws:eks:us-east-1:1:cluster/new
`;
const context = `- context:
    cluster: arn:aws:eks:us-east-1:1:cluster/new
    user: new@role
  name: new
`;
const user = `- name: new@role
  user:
    exec:
      command: forge
      args:
      - kube
      - token
      - --environment
      - dev
      env: null
`;
const whole = `apiVersion: v1
clusters:
${cluster}contexts:
${context}current-context: new
kind: Config
preferences: {}
users:
${user}`;

describe('editKubeconfig', () => {
  it.each([
    ['an empty text', '', whole],
    ['comments alone', '# mine\n', `# mine\n${whole}`],
    ['comments without a line end', '# mine', `# mine\n${whole}`],
    ['a document marker', '---\n', `---\n${whole}`],
  ])('%s becomes a whole kubeconfig', (_, text, expected) => {
    expect(twice(text)).toBe(expected);
  });

  it('keeps comments, order, quoting, anchors and what nobody knows', () => {
    const text = `# top
users:   # people
- name: 'old'   # the old one
  user: {token: "x", future: [1, 2]}
  # belongs to old
# before clusters
clusters:
- name: "old"
  cluster: &shared
    server: https://old.example   # here
    proxy-url: !!str http://proxy
contexts: [{name: old, context: {cluster: old, user: 'old'}}] # one line
x-unknown: |+
  keeps   

current-context: "old" # now
# the end
`;
    expect(twice(text)).toBe(
      text
        .replace('  # belongs to old\n', `  # belongs to old\n${user}`)
        .replace('http://proxy\n', `http://proxy\n${cluster}`)
        .replace(
          "user: 'old'}}]",
          `user: 'old'}}, {"context": {"cluster": "arn:aws:eks:us-east-1:1:cluster/new", "user": "new@role"}, "name": "new"}]`,
        )
        .replace('current-context: "old"', 'current-context: "new"'),
    );
  });

  it('speaks the indentation and line ends of the file', () => {
    const text =
      'clusters:\r\n    -   name: old\r\n        cluster:\r\n            server: https://old\r\nusers:\r\ncontexts: [] # none\r\n';
    const result = twice(text, edits.slice(0, 3));
    expect(result).toBe(
      [
        'clusters:',
        '    -   name: old',
        '        cluster:',
        '            server: https://old',
        '    -   cluster:',
        '            certificate-authority-data: LS0t',
        '            server: https://new.example',
        '        name: arn:aws:eks:us-east-1:1:cluster/new',
        'users:',
        '    -   name: new@role',
        '        user:',
        '            exec:',
        '                command: forge',
        '                args:',
        '                    -   kube',
        '                    -   token',
        '                    -   --environment',
        '                    -   dev',
        '                env: null',
        'contexts: # none',
        '    -   context:',
        '            cluster: arn:aws:eks:us-east-1:1:cluster/new',
        '            user: new@role',
        '        name: new',
        '',
      ].join('\r\n'),
    );
  });

  it('keys without a value, with comments behind them', () => {
    const text = 'clusters: # c\n\n# d\ncurrent-context: # now\n# e\nusers:\n';
    const own = [...edits.slice(0, 1), ...edits.slice(3)];
    expect(twice(text, own)).toBe(
      `clusters: # c\n${cluster}\n# d\ncurrent-context: new # now\n# e\nusers:\n`,
    );
  });

  it('keeps a byte order mark, the end marker and a text without a final line end', () => {
    expect(twice('\ufeffkind: Config', [{ kind: 'current', name: 'new' }])).toBe(
      '\ufeffkind: Config\ncurrent-context: new\n',
    );
    expect(twice('kind: Config\n# end\n...\n', [{ kind: 'current', name: 'x' }])).toBe(
      'kind: Config\n# end\ncurrent-context: x\n...\n',
    );
  });

  it.each([
    [
      'broken over lines',
      `${JSON.stringify({ kind: 'Config', clusters: [{ name: 'old', cluster: {} }], users: null }, null, 4)}\n`,
    ],
    ['on one line', '{"clusters":[],"contexts":[{"name":"old","context":{}}]}'],
    ['empty', '{}\n'],
  ])('JSON %s stays JSON', (_, text) => {
    const result = JSON.parse(twice(text));
    expect(result).toMatchObject({ 'current-context': 'new' });
    expect(result.clusters.at(-1)).toEqual({
      name: 'arn:aws:eks:us-east-1:1:cluster/new',
      cluster: { 'certificate-authority-data': 'LS0t', server: 'https://new.example' },
    });
  });

  it('JSON over lines gets lines', () => {
    const text = `{\n    "clusters": [\n        {\n            "name": "old"\n        }\n    ]\n}\n`;
    expect(twice(text, edits.slice(0, 1))).toBe(
      `{\n    "clusters": [\n        {\n            "name": "old"\n        },\n        {\n            "cluster": {\n                "certificate-authority-data": "LS0t",\n                "server": "https://new.example"\n            },\n            "name": "arn:aws:eks:us-east-1:1:cluster/new"\n        }\n    ]\n}\n`,
    );
  });

  it('changes in an entry what differs, and leaves what others added', () => {
    const text = `clusters:
- name: arn:aws:eks:us-east-1:1:cluster/new
  cluster:
    server: 'https://before.example' # moved
    proxy-url: http://proxy
users:
- name: new@role
  user:
    exec:
      command: forge
      args: [kube, token] # short
      env:
      - {name: HTTPS_PROXY, value: x}
contexts: []
`;
    const own: KubeEdit[] = [
      ...edits.slice(0, 1),
      {
        kind: 'set',
        list: 'users',
        name: 'new@role',
        value: { exec: { args: ['kube', 'token', '--login'] } },
      },
    ];
    expect(twice(text, own)).toBe(
      text
        .replace("'https://before.example'", "'https://new.example'")
        .replace('http://proxy\n', 'http://proxy\n    certificate-authority-data: LS0t\n')
        .replace('[kube, token]', '[kube, token, "--login"]'),
    );
  });

  it('removes what it added, to the byte', () => {
    const text = `# a\nclusters:\n- cluster: {}\n  name: old\n# b\nusers:\n- name: old\n  user: {}\ncontexts: [{name: old, context: {}}, ] # c\n`;
    expect(edit(edit(text, edits.slice(0, 3)), removal)).toBe(text);
    expect(edit(edit('kind: Config\n', edits.slice(0, 3)), removal)).toBe(
      'kind: Config\nclusters: []\nusers: []\ncontexts: []\n',
    );
    const json = '{"clusters": [{"name": "old", "cluster": {}}]}';
    expect(edit(edit(json, edits.slice(0, 1)), removal)).toBe(json);
  });

  it('an authority that clusters share by an anchor stays shared', () => {
    const text = `clusters:\n- name: a\n  cluster: {server: https://a, certificate-authority-data: &ca LS0t}\n- name: b\n  cluster:\n    <<: {proxy-url: p}\n    certificate-authority-data: *ca\n`;
    expect(twice(text, edits.slice(0, 1))).toBe(`${text}${cluster}`);
  });

  it('refuses where something foreign would change with it', () => {
    const text = `clusters:\n- name: arn:aws:eks:us-east-1:1:cluster/new\n  cluster: &base\n    server: https://before\n- name: other\n  cluster: *base\n`;
    expect(() => edit(text, edits.slice(0, 1))).toThrow(
      expect.objectContaining({ code: 'KUBECONFIG_UNFIT' }),
    );
    expect(() => edit('clusters: &c\n- name: a\nx: *c\n', edits.slice(0, 1))).toThrow(
      expect.objectContaining({ code: 'KUBECONFIG_UNFIT' }),
    );
  });

  it('values that would be more than a value are quoted', () => {
    const hostile = 'x"\n- name: evil\n  user: {token: 1}\u2028\u0085#:{}[]&*!|>%@`';
    const own: KubeEdit[] = [
      { kind: 'set', list: 'clusters', name: hostile, value: { server: hostile, [hostile]: 'yes' } },
      { kind: 'current', name: 'NO' },
    ];
    for (const text of ['', 'clusters: []\n', '{"clusters": []}', "clusters:\n- name: 'a'\n"]) {
      const result = twice(text, own);
      const { data } = parseKubeconfig('x', result);
      expect(data.clusters).toContainEqual({ name: hostile, cluster: { server: hostile, [hostile]: 'yes' } });
      expect(result).not.toMatch(/^- name: evil/m);
      expect(result).toMatch(/"NO"/);
    }
  });
});

describe('parseKubeconfig refuses, with line and column,', () => {
  it.each([
    ['what is no YAML', 'clusters:\n- name: "a\n', /^\/k:\d+:\d+: this is not YAML: /],
    ['a tab as indentation', 'clusters:\n\t- name: a\n', /^\/k:2:1: this is not YAML: /],
    ['a key twice', 'kind: Config\nusers: []\nkind: Config\n', /^\/k:3:1: the key "kind" is there twice\.$/],
    ['a name twice', 'users:\n- name: a\n- name: a\n', /^\/k:3:3: "users" has "a" twice\.$/],
    ['a second document', 'kind: Config\n---\nkind: Config\n', /^\/k:2:1: a second document begins here\.$/],
    ['a list', '- a\n', /^\/k:1:1: this is not a mapping\.$/],
    ['a word', 'kubeconfig', /^\/k:1:1: this is not a mapping\.$/],
    ['clusters that are no list', 'a: 1\nclusters: {}\n', /^\/k:2:11: "clusters" is not a list\.$/],
    ['an entry that is no mapping', 'users:\n- a\n', /^\/k:2:3: an entry of "users" is not a mapping\.$/],
    ['another kind', 'kind: Deployment\n', /^\/k:1:1: this is of kind "Deployment", not a kubeconfig\.$/],
    ['an alias of nothing', 'users: *nobody\n', /^\/k:1:8: nothing is called &nobody above\.$/],
    ['a bomb of aliases', bomb(), /aliases stand for too much/],
    ['nests', `a: ${'['.repeat(20_000)}`, /nested too deeply|not YAML/],
  ])('%s', (_, text, message) => {
    expect(() => parseKubeconfig('/k', text)).toThrow(
      expect.objectContaining({ code: 'KUBECONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level++) {
    const alias = `*a${level - 1}`;
    lines.push(`a${level}: &a${level} [${Array(10).fill(alias).join(', ')}]`);
  }
  return `${lines.join('\n')}\n`;
}
