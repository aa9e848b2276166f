/** Only where production can be reached: elsewhere they would say nothing, and seem to. */
export const productionGlobals = ['--grant', '--ticket'] as const;
const neverProduction = /^(?:login|logout|breakglass|audit|config|completion|sandbox)\b/;

/** `path`: words of a command. */
export const takesGrant = (path: string): boolean => !neverProduction.test(path);
