import { groupsOf, type Organisation, type Person } from '../organisation.ts';
import { type Html, html } from './html.ts';

/** The pages' contents. Forms carry `csrf`; `next` is where the person was going. */
export function signInView(organisation: Organisation, purpose: string, next: string, csrf: string): Html {
  return html`<h1>Who are you today?</h1>
<p>${purpose}</p>
<form method="post" action="/sign-in">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="next" value="${next}">
${organisation.people.map(
  (person) => html`<button class="person" name="person" value="${person.nickname}">
<span class="initials" aria-hidden="true">${initials(person)}</span>
<span><span><b>${person.displayName}</b> · ${person.title}</span><span class="soft">${person.userName} — ${groupNames(organisation, person)}</span></span>
</button>
`,
)}
</form>
<p class="soft">In Identity Center you would give a password and an MFA code here. The portal stays signed in for
8 hours in this browser, or until somebody logs out.</p>`;
}

export interface Consent {
  readonly clientName: string;
  readonly person: Person;
  /** Shown and to be compared, in the device flow. */
  readonly userCode: string | undefined;
  /** Where the browser goes afterwards, in the code flow. */
  readonly returnsTo: string | undefined;
  readonly action: string;
  readonly csrf: string;
  /** For "somebody else". */
  readonly next: string;
  readonly switchCsrf: string;
}

export function consentView(consent: Consent): Html {
  const { person, userCode, returnsTo } = consent;
  const code =
    userCode === undefined
      ? undefined
      : html`<p class="code">${userCode}</p>
<p><b>Is this the code that your terminal shows?</b> If you did not start this yourself just now, or somebody sent
you here, choose Deny: whoever holds the other end would act as you.</p>`;
  return html`<h1>Allow ${consent.clientName} to act for you?</h1>
${code}
<dl>
<dt>Application</dt><dd>${consent.clientName}</dd>
<dt>You are</dt><dd>${person.displayName} (${person.userName})</dd>
<dt>It may</dt><dd>list your AWS accounts and permission sets, and get role credentials for them</dd>
${returnsTo === undefined ? undefined : html`<dt>Goes back to</dt><dd>${returnsTo}</dd>`}
</dl>
<form method="post" action="${consent.action}" class="actions">
<input type="hidden" name="csrf" value="${consent.csrf}">
${userCode === undefined ? undefined : html`<input type="hidden" name="user_code" value="${userCode}">`}
<button class="primary" name="decision" value="allow">${userCode === undefined ? 'Allow' : 'The code matches: allow'}</button>
<button name="decision" value="deny">Deny</button>
</form>
<form method="post" action="/sign-out" class="switch soft">
<input type="hidden" name="csrf" value="${consent.switchCsrf}">
<input type="hidden" name="next" value="${consent.next}">
Not ${person.displayName}? <button class="link">Sign in as somebody else</button>
</form>`;
}

export function enterCodeView(wrongCode: string | undefined): Html {
  return html`<h1>Connect a device</h1>
<p>Type the code that your terminal shows.</p>
${wrongCode === undefined ? undefined : html`<p role="alert"><b>${wrongCode}</b> is not a code that waits for an answer: it has expired, was used, or has a typing mistake.</p>`}
<form method="get" action="/device">
<label for="user_code">Code</label>
<input type="text" id="user_code" name="user_code" autocomplete="off" autofocus required maxlength="9" placeholder="XXXX-XXXX">
<div class="actions"><button class="primary">Continue</button></div>
</form>`;
}

export interface PortalAccount {
  readonly id: string;
  readonly name: string;
  readonly permissionSets: readonly string[];
}

export function portalView(person: Person, accounts: readonly PortalAccount[], csrf: string): Html {
  return html`<h1>AWS access portal</h1>
<p>Signed in as ${person.displayName} (${person.userName}).</p>
${accounts.length === 0 ? html`<p>No accounts are assigned.</p>` : undefined}
<ul class="plain">
${accounts.map(
  (
    account,
  ) => html`<li><h2>${account.name} <span class="soft">${account.id}</span></h2>${account.permissionSets.join(', ')}</li>
`,
)}
</ul>
<form method="post" action="/sign-out" class="switch">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="next" value="/start">
<button>Sign out</button>
</form>`;
}

function initials(person: Person): string {
  return person.displayName
    .split(' ')
    .map((word) => word[0] ?? '')
    .join('');
}

function groupNames(organisation: Organisation, person: Person): string {
  return groupsOf(organisation, person)
    .map(({ name }) => name)
    .filter((group) => !group.includes('-vpn-'))
    .map((group) => group.replace('grp-forge-', ''))
    .join(', ');
}
