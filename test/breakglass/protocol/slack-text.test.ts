import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emergencyUseFromEvent } from '../../../src/breakglass/protocol/emergency-use.ts';
import { judge } from '../../../src/breakglass/protocol/judge.ts';
import { judgeEmergency } from '../../../src/breakglass/protocol/judge-emergency.ts';
import { membershipFromEvent } from '../../../src/breakglass/protocol/membership.ts';
import * as slack from '../../../src/breakglass/protocol/slack-text.ts';
import {
  assumeRoleEvent,
  membershipEvent,
  membershipId,
  minute,
  noon,
  requestId,
  storyPapers,
  storyPolicy,
  storyRequest,
} from '../../support/break-glass-story.ts';

const membership = membershipFromEvent(membershipEvent());
if (membership === undefined) throw new Error('no membership');
const policy = storyPolicy();
const verdict = judge(membership, storyPapers(), policy, noon);

describe('messages', () => {
  it('say who asks for what and why, and the line to type', () => {
    expect(slack.requestText(storyRequest())).toBe(
      [
        ':key: *dana@tapp.example* asks for tier 1, database in *prod-wealth* for 1 h',
        'Reason: Orders stuck since 11:40',
        'Ticket: OPS-4711',
        `Approve: \`forge breakglass approve ${requestId}\``,
        `Refuse: \`forge breakglass deny ${requestId}\``,
      ].join('\n'),
    );
  });

  it('say who was let in by whom until when, or that nobody sanctioned it', () => {
    expect(slack.grantText(verdict, membership)).toContain(
      '*dana@tapp.example* has tier 1 in *prod-wealth* until 13:00 UTC (1 h)\nApproved by: mia@tapp.example\n',
    );
    expect(slack.grantText(verdict, membership)).toContain(
      `\nStop it: \`forge breakglass kill ${requestId}\``,
    );
    const unasked = judge(membership, storyPapers({ request: undefined }), policy, noon);
    const text = slack.grantText(unasked, membership);
    expect(text).toContain('*Access that nobody sanctioned* was given in *prod-wealth*');
    expect(text).toContain('Nobody asked for this access.');
    expect(text).toContain(`Record: \`UN-${membershipId}\``);
    expect(text).toContain(
      'assumed-role/AWSReservedSSO_Forge-BreakGlass-Approve-tier1_0123456789abcdef/mia@',
    );
  });

  it('say that the glass was broken, or that somebody tried', () => {
    const text = (event: Record<string, unknown>) => {
      const use = emergencyUseFromEvent(event);
      if (use === undefined) throw new Error('no use');
      return slack.emergencyText(judgeEmergency(use, policy, noon), use);
    };
    expect(text(assumeRoleEvent())).toContain(
      '*sven@tapp.example* broke the glass: tier 0 in *prod-wealth* until 13:00 UTC (1 h)\nIncident: INC-99',
    );
    expect(text(assumeRoleEvent())).toMatch(/\nStop it: `forge breakglass kill EV-[\w-]+`\nRecord: /);
    expect(text(assumeRoleEvent({ errorCode: 'AccessDenied' }))).toContain('was refused by AWS');
    expect(text(assumeRoleEvent({ awsRegion: 'eu-west-1' }))).toContain('used as it must not be');
  });

  it('say that it ended, is stuck, lacks a ticket, lapsed', () => {
    const { session } = verdict;
    expect(slack.endedText(session, noon + 60 * minute)).toMatch(/ended at 13:00 UTC \(`bg-/);
    expect(slack.endedText(session, noon + 6 * minute)).toContain('ended at 12:06 UTC, before its time');
    expect(slack.stuckText(session, 'DeleteGroupMembership', 30)).toContain('failed 30 times');
    expect(slack.ticketText(session, noon + 5 * minute, noon)).toContain('is due in 5 min');
    expect(slack.ticketText(session, noon, noon + 5 * minute)).toContain('was due 5 min ago');
    expect(slack.lapsedText(storyRequest())).toContain('has lapsed');
  });

  it('carry the head of the ledger, which is read back', () => {
    const head = 'ab'.repeat(32);
    const text = slack.sealText(verdict.session, { seq: 12, head });
    expect(slack.parseSealText(text)).toEqual({ seq: 12, sha256: head });
    expect(slack.parseSealText(`${text} `)).toBeUndefined();
  });
});

describe('what a stranger wrote', () => {
  it.each([
    '<!here> look',
    '<!channel>',
    '<@U123>',
    '<https://evil.example|OPS-1>',
    '@here @channel',
    '`forge breakglass approve`',
    '*bold* _it_ ~gone~',
    ':rotating_light: :white_check_mark:',
    'https://evil.example/login',
    'first\nApprove: `rm -rf`',
    '\u202e\u2066gnihton\u0000\u001b[2J',
    '&lt;!here&gt;',
  ])('is shown, not obeyed: %j', (reason) => {
    const text = slack.slackEscape(reason);
    expect(text).not.toMatch(/[<>\n\u0000-\u001f\u202a-\u202e\u2066-\u2069]/);
    expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
    expect(text).not.toMatch(/[*`~](?!\u2060)|(?<!\w)@(?!\u2060)|:\w+:|:\/\//);
  });

  it('can’t do anything in any message', () => {
    const frame = slack.requestText(storyRequest({ reason: 'x', ticket: 'x' })).split('\n').length;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), (reason) => {
        const text = slack.requestText(storyRequest({ reason, ticket: reason, environment: reason }));
        expect(text.split('\n')).toHaveLength(frame);
        expect(text).not.toMatch(/[<>]/);
        expect(text.length).toBeLessThan(3 * 300 * 5 + 600);
      }),
    );
  });

  it('stays as people know it', () => {
    for (const plain of [
      'dana@tapp.example',
      'OPS-4711',
      'forge_ro reads 11:40',
      'prod-wealth',
      'Ä & Ω'.replace('&', '+'),
    ])
      expect(slack.slackEscape(plain)).toBe(plain);
    expect(slack.slackEscape('a & b')).toBe('a &amp; b');
    expect(slack.slackEscape('x'.repeat(400))).toBe(`${'x'.repeat(299)}…`);
  });
});
