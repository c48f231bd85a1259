/** From the body of a review of `/validate` to its answer. */
import type { AnsweredReview, ReviewFault } from "../review.ts";
import type { Inspector } from "./inspector.ts";
import { answerInspected, type ValidatePorts } from "./objects.ts";

export interface ValidationPorts extends ValidatePorts {
  readonly inspector: Pick<Inspector, "inspect">;
}

/** Has the object looked at apart, then asks the cluster about what was found. Never throws; waits a bounded time. */
export async function answerValidation(body: string, ports: ValidationPorts): Promise<AnsweredReview | ReviewFault> {
  const result = await ports.inspector.inspect(body);
  if ("fault" in result) return result;
  const { head, inspected } = result;
  return { review: head, answer: await answerInspected(inspected, head.request, ports) };
}
