/** `copy`, as people type it. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";

export const COPY: CommandSpec = {
  name: "copy",
  aliases: ["cp"],
  group: CommandGroup.Do,
  summary: "Copy objects into another namespace",
  details: `A Repository takes the Secret of its backend along, unless --no-secret is given: the Secret passes through this program, with your rights to read it
and to create it there. A batch or BackupConfiguration comes as it is, paused with --paused. Only what is to be kept is copied: no status, no owner, nothing that others
wrote. What is there already is left alone, and told.`,
  args: [
    {
      name: "kind",
      summary: "repository, batch, backupconfig, secret or volumesnapshot",
      choices: [
        "repository",
        "batch",
        "backupbatch",
        "backupconfig",
        "backupconfiguration",
        "secret",
        "volumesnapshot",
      ],
    },
    { name: "name", summary: "its name" },
  ],
  flags: [
    { flags: "--to-namespace <name>", summary: "where to", completes: Completes.Namespace },
    { flags: "--no-secret", summary: "of a Repository: leave its Secret out" },
    { flags: "--paused", summary: "of a batch or BackupConfiguration: its schedule does not run there yet" },
  ],
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "copy repository store --to-namespace=staging", does: "with its Secret" },
    { line: "copy batch shop --to-namespace=staging --paused", does: "for the same application there" },
    { line: "cp backupconfig files --to-namespace=staging", does: "in upstream's words" },
  ],
  load: async () => (await import("./run.ts")).runCopy,
};
