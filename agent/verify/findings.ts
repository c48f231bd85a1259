/** What is wrong with a restored member: all of it is counted, the first of it is told. */
import { MAX_TOLD_FINDINGS, type VerificationFinding } from "../../shared/api/verification.ts";
import type { ErrorCode } from "../../shared/errors.ts";

export interface Finding {
  readonly code: ErrorCode;
  /** File, table or statement that it is about. */
  readonly path?: string;
  readonly message: string;
}

export interface Findings {
  add(...findings: readonly Finding[]): void;
  count(): number;
  told(): readonly VerificationFinding[];
}

/** Of a path, and of what is said about it, so that twenty of them fit into any status. */
const MAX_PATH = 1_024;
const MAX_MESSAGE = 1_024;

/** @param clean takes out what no status may show */
export function createFindings(clean: (text: string) => string): Findings {
  const told: VerificationFinding[] = [];
  let count = 0;
  return {
    count: () => count,
    told: () => [...told],
    add(...findings) {
      count += findings.length;
      for (const { code, path, message } of findings.slice(0, MAX_TOLD_FINDINGS - told.length)) {
        const where = path === undefined ? {} : { path: clean(path).slice(0, MAX_PATH) };
        told.push({ code, ...where, message: clean(message).slice(0, MAX_MESSAGE) });
      }
    },
  };
}
