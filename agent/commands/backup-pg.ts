/** `backup-pg`: the step of a job that dumps a database. */
import { runDumpStep } from "../job/database-step.ts";

export const run = (argv: readonly string[]): Promise<number> => runDumpStep(argv, "postgres");
