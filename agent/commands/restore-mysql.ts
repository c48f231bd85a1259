/** `restore-mysql`: the step of a job that loads a database's dump. */
import { runLoadStep } from "../job/database-step.ts";

export const run = (argv: readonly string[]): Promise<number> => runLoadStep(argv, "mysql");
