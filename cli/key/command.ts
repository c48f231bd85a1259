/** `key`, as people type it. */
import { BROWSE_NOTE } from "../browse/commands.ts";
import { CommandGroup, type CommandSpec, Completes, Format, Scope } from "../program/command.ts";
import { REPOSITORY_ARGUMENT, UPSTREAM_IMAGE_FLAGS, WORK_FLAGS } from "../repository-work/work-flags.ts";

export const KEY: CommandSpec = {
  name: "key",
  group: CommandGroup.Repository,
  summary: "List, add, change or remove passwords of a repository",
  details: `Each key opens the repository with a password of its own. \`passwd\` (also \`update\`) adds a key with the new password and writes that into the
Secret of the backend; the old key stays, for pods get a changed Secret only after a minute or two, and the command to remove it is told. Refused where
another Repository names the same Secret: its password would be lost.

${BROWSE_NOTE} \`passwd\` also needs to patch the Secret.`,
  args: [
    { name: "action", summary: "list, add, passwd or remove", choices: ["list", "add", "passwd", "update", "remove"] },
    REPOSITORY_ARGUMENT,
  ],
  flags: [
    {
      flags: "--new-password-file <file>",
      summary: "add, passwd: file with the new password; - for the input",
      completes: Completes.File,
    },
    { flags: "--id <id>", summary: "remove: which key" },
    { flags: "--host <name>", summary: "add: host that the key is said to be for" },
    { flags: "--user <name>", summary: "add: user that the key is said to be for" },
    ...WORK_FLAGS,
    ...UPSTREAM_IMAGE_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: [Format.Table, Format.Json],
  examples: [
    { line: "key list store", does: "who may open it" },
    { line: "key add store --new-password-file=./password", does: "one more password" },
    { line: "key passwd store --new-password-file=./password", does: "another password for all backups" },
    { line: "key remove store --id=0123abcd", does: "one less" },
  ],
  load: async () => (await import("./run.ts")).runKey,
};
