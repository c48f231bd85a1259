/** What is found wrong with an object: faults make it unusable, warnings only tell. */

export interface Finding {
  readonly severity: "fault" | "warning";
  /** Such as `spec.members[1].target.alias`. */
  readonly field: string;
  /** What is wrong with the field's value. */
  readonly message: string;
  /** What the user does next. */
  readonly next: string;
}

export function fault(field: string, message: string, next: string): Finding {
  return { severity: "fault", field, message, next };
}

export function warning(field: string, message: string, next: string): Finding {
  return { severity: "warning", field, message, next };
}

/** One line for people. */
export function formatFinding({ field, message, next }: Finding): string {
  return `${field}: ${message} (next: ${next})`;
}

export function isFault({ severity }: Finding): boolean {
  return severity === "fault";
}
