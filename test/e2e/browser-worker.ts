import { decideOnPage } from '../support/sign-in-page.ts';

/** What BROWSER names in tests: a person who presses `allow` or `deny`. Arguments: who, what, address. */
const [person = '', decision = '', url = ''] = process.argv.slice(2);
await decideOnPage(url, person, decision === 'deny' ? 'deny' : 'allow');
