#!/usr/bin/env node
'use strict';
const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  // Asked by scripts and prompts: it must cost no more than starting Node, so nothing of forge is loaded.
  process.stdout.write(`${require('../package.json').version}\n`);
} else {
  // SDK releases after January 2027 want Node 22; until forge asks for it too, the notice must not reach stderr.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const { exitWith, main, onDefect, reportFailure, systemHost } = require('../dist/forge.cjs');
  const host = systemHost();
  onDefect((error) => reportFailure(error, argv, host));
  main(argv, host).then(exitWith);
}
