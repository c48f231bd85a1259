/** How the program ends, for scripts. docs/cli.md tells the same. */

export const ExitCode = {
  /** Done, and all is well. */
  Good: 0,
  /** Something failed, or a fault was found. */
  Fault: 1,
  /** The command line can't be read. */
  Usage: 2,
  /** A part was done or could be told, another one not. */
  Partial: 3,
  /** Ended by Ctrl-C, as shells count. */
  Interrupted: 130,
  /** Whoever read the output closed it, as shells count. */
  PipeClosed: 141,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** One sentence each, for help and documentation. */
export const EXIT_CODES: readonly (readonly [ExitCode, string])[] = [
  [ExitCode.Good, "done, and all is well"],
  [ExitCode.Fault, "something failed, or a fault was found"],
  [ExitCode.Usage, "the command line can't be read"],
  [ExitCode.Partial, "a part was done or could be told, another one not"],
  [ExitCode.Interrupted, "ended by Ctrl-C"],
  [ExitCode.PipeClosed, "whoever read the output closed it"],
];
