/** What an addon brings to dump and load one kind of database with its own programs. */
import type { DumpRows } from "../../verify/databases/dump-rows.ts";
import type { Questions } from "../../verify/databases/questions.ts";
import type { DumpPlan, DumpRequest, ProbeAnswer } from "../plan.ts";

export interface Addon {
  /** Keys of the Secret that hold the user, the first that is there. */
  readonly userKeys: readonly string[];
  readonly passwordKeys: readonly string[];
  readonly defaultUser: string;
  /** @throws UserError INVALID_OBJECT when arguments can't be split */
  plan(request: DumpRequest): DumpPlan;
  /** What the client said when it was asked whether the server is there. */
  readProbe(exitCode: number | undefined, words: string): ProbeAnswer;
  /** What is asked of a database that a drill has restored. */
  questions(plan: DumpPlan): Questions;
  /** Counts the rows of each table in a dump. */
  createRows(): DumpRows;
}
