import { type Addition, addEvidence } from '../../breakglass/evidence/add-evidence.ts';
import { summaryOf, summaryTemplate, withoutFacts } from '../../breakglass/evidence/summary-text.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { type RequestId, shortId } from '../../breakglass/protocol/ids.ts';
import type { Ending } from '../../breakglass/session/active-grant.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { editText } from '../../terminal/edit-text.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';

/** A session that is over: its access is given back before anybody is asked. */
export interface EndedSession {
  readonly id: RequestId;
  readonly person: Person;
  /** What the editor shows beside the question. */
  readonly facts: readonly string[];
}

/** Not whoever ended forge itself: they want to be out of here. */
export const isAsked = ({ why }: Ending): boolean => why !== 'terminated';

/**
 * "Document everything": the summary that was given, else the one that is typed now, becomes part of the record. Without
 * anybody to ask, or with none now, the line for later is said. Nothing of it makes the command fail. true: it is on the
 * disk, and was delivered as far as that goes, with all that is still to be told.
 */
export async function recordSummary(
  context: Context,
  found: BreakGlassParts,
  session: EndedSession,
  given: string | undefined,
): Promise<boolean> {
  const { output, host } = context;
  // The terminal is gone.
  if (host.signal.aborted) return false;
  const summary = given ?? (context.prompt.possible ? await askSummary(context, session.facts) : undefined);
  const later = summaryLine(session.id);
  if (summary === undefined) {
    output.note(`What was done is not on record yet: ${later}`);
    return false;
  }
  return record(found, session, { type: 'summary', summary }, later);
}

/** What adds a summary later. */
export const summaryLine = (id: RequestId): string => `forge breakglass end ${shortId(id)} --summary "…"`;

/** Adds it, and says where it is; false: that was not possible, which is said. */
export async function record(
  { parts, place }: BreakGlassParts,
  { person, id }: Pick<EndedSession, 'person' | 'id'>,
  addition: Addition,
  again: string,
): Promise<boolean> {
  const { output } = parts;
  try {
    const { waiting } = await addEvidence(parts, place, person, id, addition);
    if (waiting === 0) output.note(`The ${addition.type} is in the record of ${shortId(id)}.`);
    else
      output.warn(
        `The ${addition.type} is kept here; the next forge breakglass command takes it to the record of ${shortId(id)}.`,
      );
    return true;
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    output.warn(`The ${addition.type} could not be kept: ${error.message} Try: ${again}`);
    return false;
  }
}

/** What is typed, in a line or in the editor, which shows `facts`; undefined: not now. */
export async function askSummary(context: Context, facts: readonly string[]): Promise<string | undefined> {
  const { prompt, output, host } = context;
  try {
    for (;;) {
      const message = 'What was done? (one line; e: editor; Enter: later)';
      const typed = await prompt.text({ message, flag: '--summary' });
      if (typed.trim().toLowerCase() !== 'e') return kept(context, typed);
      try {
        const edited = await editText(host, summaryTemplate(facts), 'summary.txt');
        return edited === undefined ? undefined : kept(context, withoutFacts(edited));
      } catch (error) {
        if (!(error instanceof ForgeError) || host.signal.aborted) throw error;
        output.warn(`${error.message} VISUAL or EDITOR names another.`);
      }
    }
  } catch (error) {
    // Ctrl-C at the question means: not now.
    if (error instanceof ForgeError && error.kind === 'interrupted') return undefined;
    if (host.signal.aborted) return undefined;
    throw error;
  }
}

function kept({ output }: Context, text: string): string | undefined {
  const found = summaryOf(text);
  if (found?.cut) output.warn(`Only the first ${found.summary.length} characters are kept.`);
  return found?.summary;
}
