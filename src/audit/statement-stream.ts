/** The stream of statements that one access ran on a database: its name in streams/<session>/. */
export const statementsName = (access: string): string => `statements-${access}.jsonl`;
