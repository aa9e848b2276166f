#!/usr/bin/env node
'use strict';
// SDK releases after January 2027 want Node 22; until forge asks for it too, the notice must not reach stderr.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
const { exitWith, main, onDefect, reportFailure, systemHost } = require('../dist/forge.cjs');
const argv = process.argv.slice(2);
const host = systemHost();
onDefect((error) => reportFailure(error, argv, host));
main(argv, host).then(exitWith);
