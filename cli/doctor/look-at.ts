/** A doctor who may not see one thing still sees the others. */
import { KubeError } from "../../shared/kube/client/error.ts";
import { type Finding, warning } from "./finding.ts";

export interface Look<T> {
  /** Undefined when it may not be looked at. */
  readonly seen: T | undefined;
  readonly findings: readonly Finding[];
}

const AS_ADMIN = "run the doctor as an admin of the cluster";

/** Gathers and judges one thing. That its caller may not read it is a warning, and no fault of the installation. */
export async function lookAt<T>(
  check: string,
  gather: () => Promise<T>,
  judge: (seen: T) => readonly Finding[],
): Promise<Look<T>> {
  try {
    const seen = await gather();
    return { seen, findings: judge(seen) };
  } catch (thrown) {
    if (!(thrown instanceof KubeError) || thrown.status !== 403) throw thrown;
    return { seen: undefined, findings: [warning(check, `not looked at: ${thrown.detail}`, AS_ADMIN)] };
  }
}
