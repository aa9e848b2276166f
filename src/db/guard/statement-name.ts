const names: Readonly<Record<string, string>> = {
  CreateStmt: 'CREATE TABLE',
  CreateTableAsStmt: 'CREATE TABLE AS',
  CreatedbStmt: 'CREATE DATABASE',
  DropdbStmt: 'DROP DATABASE',
  IndexStmt: 'CREATE INDEX',
  ViewStmt: 'CREATE VIEW',
  RuleStmt: 'CREATE RULE',
  RenameStmt: 'ALTER … RENAME',
  ClosePortalStmt: 'CLOSE',
  VariableSetStmt: 'SET',
  VariableShowStmt: 'SHOW',
  ConstraintsSetStmt: 'SET CONSTRAINTS',
  CheckPointStmt: 'CHECKPOINT',
  RefreshMatViewStmt: 'REFRESH MATERIALIZED VIEW',
  DeclareCursorStmt: 'DECLARE',
  SecLabelStmt: 'SECURITY LABEL',
  VacuumStmt: 'VACUUM or ANALYZE',
  AlterSystemStmt: 'ALTER SYSTEM',
  DefineStmt: 'CREATE',
  CompositeTypeStmt: 'CREATE TYPE',
};

/** How a person calls a statement, by the type of its node: `UpdateStmt` → UPDATE, `AlterTableStmt` → ALTER TABLE. */
export function statementName(type: string): string {
  return (
    names[type] ??
    type
      .replace(/Stmt$/, '')
      .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toUpperCase()
  );
}
