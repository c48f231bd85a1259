/** What the doctor says about one thing that it looked at. */

export const FindingStatus = { Ok: "Ok", Warning: "Warning", Fault: "Fault" } as const;
export type FindingStatus = (typeof FindingStatus)[keyof typeof FindingStatus];

export interface Finding {
  /** What was looked at, such as `webhook answers`. */
  readonly check: string;
  readonly status: FindingStatus;
  readonly message: string;
  /** What to do; only where something is wrong. */
  readonly fix?: string;
}

export function ok(check: string, message: string): Finding {
  return { check, status: FindingStatus.Ok, message };
}

export function warning(check: string, message: string, fix: string): Finding {
  return { check, status: FindingStatus.Warning, message, fix };
}

export function fault(check: string, message: string, fix: string): Finding {
  return { check, status: FindingStatus.Fault, message, fix };
}

const MARKS: Readonly<Record<FindingStatus, string>> = { Ok: "ok     ", Warning: "warning", Fault: "FAULT  " };

/** Text for a terminal: one line each, with the fix below what is wrong. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings
    .map(({ check, status, message, fix }) => {
      const line = `${MARKS[status]}  ${check}: ${message}`;
      return fix === undefined ? line : `${line}\n         fix: ${fix}`;
    })
    .join("\n");
}
