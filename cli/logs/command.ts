/** `logs`, as people type it. */
import { CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const LOGS: CommandSpec = {
  name: "logs",
  group: CommandGroup.See,
  summary: "Print what the pods of a session or restore log",
  details: `All members at once, each line with its member and host before it. Goes on until the run has ended. Of sidecars, which serve one session after
another, the lines since the run was made are printed. Ends with 3 where the log of a host is gone with its pod.`,
  args: [
    { name: "TYPE/NAME", summary: "session/NAME, restore/NAME or restoresession/NAME", completes: Completes.Run },
    { name: "name", summary: "where TYPE stands alone", isOptional: true },
  ],
  flags: [
    { flags: "-m, --member <alias>", summary: "only this member; repeat for more", isMany: true },
    { flags: "--no-follow", summary: "print what there is, and end" },
    { flags: "-f, --follow", summary: "go on until the run has ended, as without it", isHidden: true },
  ],
  scope: Scope.Namespace,
  formats: [],
  examples: [
    { line: "logs session/shop-1795966270", does: "of all members, until the session has ended" },
    { line: "logs restore/shop-restore -m db --no-follow", does: "what one member has logged so far" },
  ],
  load: async () => (await import("./run.ts")).runLogs,
};
