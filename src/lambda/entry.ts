import { systemHost } from '../host.ts';
import { createAwsPorts } from './aws-ports.ts';
import { type ExporterInput, exporter as runExporter } from './exporter.ts';
import type { Ports } from './ports.ts';
import { recorder as runRecorder } from './recorder.ts';
import { type RevokerInput, revoker as runRevoker } from './revoker.ts';
import { sweeper as runSweeper } from './sweeper.ts';

/**
 * The bundle index.cjs of dist/lambda/forge-breakglass.zip: four functions of one archive, told apart by their handler's name
 * (`index.recorder`) and above all by their roles. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
let known: Promise<Ports> | undefined;

/**
 * Made at the first call: a function without its environment or policy must say so when it runs, not when it is loaded. Kept while the
 * function is warm, unless it failed.
 */
async function ports(): Promise<Ports> {
  known ??= createAwsPorts(systemHost());
  try {
    return await known;
  } catch (error) {
    known = undefined;
    throw error;
  }
}

export const recorder = async (event: unknown) => runRecorder(await ports(), event);
export const revoker = async (event: RevokerInput) => runRevoker(await ports(), event);
export const exporter = async (event: ExporterInput) => runExporter(await ports(), event);
export const sweeper = async () => runSweeper(await ports());
