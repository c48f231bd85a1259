/** `delete`, as people type it. */
import { CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";
import { UPSTREAM_IMAGE_FLAGS, WORK_FLAGS } from "../repository-work/work-flags.ts";

export const DELETE: CommandSpec = {
  name: "delete",
  group: CommandGroup.Repository,
  summary: "Delete snapshots from a repository",
  details: `For good, and the data that nothing else needs with them. A recovery point that loses a snapshot is no longer complete. A Job in the Repository's
namespace does it, with your rights: create and delete jobs, list pods, get pods/log. After Ctrl-C the Job goes on.`,
  args: [
    { name: "snapshot", summary: "the word `snapshot`", choices: ["snapshot", "snapshots"] },
    { name: "name", summary: "REPOSITORY-ID as upstream names snapshots, or the id with --repository", isMany: true },
  ],
  flags: [
    { flags: "--repository <name>", summary: "where the ids stand alone", completes: Completes.Repository },
    ...WORK_FLAGS,
    ...UPSTREAM_IMAGE_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: [],
  examples: [
    { line: "delete snapshot store-0123abcd", does: "one, in upstream's words" },
    { line: "delete snapshot 0123abcd 4567cdef --repository=store", does: "two" },
  ],
  load: async () => (await import("./run.ts")).runDelete,
};
