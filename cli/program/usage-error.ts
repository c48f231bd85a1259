/** The command line can't be read: exit code 2, and nothing was done. */

export class UsageError extends Error {
  /** What to type instead. */
  readonly next: string | undefined;

  constructor(message: string, next?: string) {
    super(message);
    this.name = "UsageError";
    this.next = next;
  }
}
