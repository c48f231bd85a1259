/** Row that answers agents which found the repository locked. Pure. */
import { stepAnswerLocks } from "../run/locks.ts";
import type { Row } from "./step.ts";

export const answerLocks: Row = {
  name: "locks without owner",
  next(view, status) {
    const answered = stepAnswerLocks(view, status);
    return answered && { status: answered };
  },
};
