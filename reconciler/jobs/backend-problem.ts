/** What keeps a job's pod from reaching the repository, as an error. Pure. */
import { UserError } from "../../shared/errors.ts";
import type { InjectionProblem } from "../../shared/injection/view.ts";

export { findBackendProblem } from "../../shared/injection/backend-volume.ts";

export function formatProblemOf(problem: InjectionProblem): UserError {
  return new UserError("BACKEND_INVALID", problem.message, { next: problem.next });
}
