/** How hooks fail, whoever runs them. */
import { UserError } from "../errors.ts";

/** A hook that failed, with what it printed. */
export class HookFailure extends UserError {
  readonly output: string;

  constructor(message: string, output: string) {
    super("HOOK_FAILED", message);
    this.output = output;
  }
}
