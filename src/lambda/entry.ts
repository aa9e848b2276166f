import { systemHost } from '../host.ts';
import { createAwsPorts } from './aws-ports.ts';
import { type ExporterInput, exporter as runExporter } from './exporter.ts';
import type { Ports } from './ports.ts';
import { recorder as runRecorder } from './recorder.ts';
import { type RevokerInput, revoker as runRevoker } from './revoker.ts';
import { sweeper as runSweeper } from './sweeper.ts';

/**
 * The bundle dist/lambda/index.cjs: four functions of one archive, told apart by their handler's name (`index.recorder`) and
 * above all by their roles. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
let known: Ports | undefined;

/** Made at the first call: a function without its environment must say so when it runs, not when it is loaded. */
function ports(): Ports {
  known ??= createAwsPorts(systemHost());
  return known;
}

export const recorder = async (event: unknown) => runRecorder(ports(), event);
export const revoker = async (event: RevokerInput) => runRevoker(ports(), event);
export const exporter = async (event: ExporterInput) => runExporter(ports(), event);
export const sweeper = async () => runSweeper(ports());
