// `npm run build`: dist/ by rolldown.config.ts, saying nothing unless something is wrong.
import { build } from 'rolldown';
import { loadConfig } from 'rolldown/config';

await build(await loadConfig('rolldown.config.ts'));
