/** `download`, as people type it. */
import { BROWSE_NOTE, PLACE_FLAGS } from "../browse/commands.ts";
import { CommandGroup, type CommandSpec, Completes, Scope } from "../program/command.ts";
import { UPSTREAM_IMAGE_FLAGS } from "../repository-work/work-flags.ts";

export const DOWNLOAD: CommandSpec = {
  name: "download",
  group: CommandGroup.Look,
  summary: "Copy files of a backup to this machine",
  details: `Files lie below the folder with the whole path that they had in the pod; those of several hosts each in a folder of the host's name. Owners are not
taken over. What is there already under the same name is replaced. Nothing is written outside the folder, whatever the backup holds.

With --snapshots the word is a Repository, and each snapshot comes into a folder of its own, as upstream's plugin does it; of a path only that.

${BROWSE_NOTE}`,
  args: [
    {
      name: "POINT:MEMBER",
      summary: "a point as `points` lists it, or a batch for its newest complete one; and one of its members",
      completes: Completes.Session,
    },
    { name: "path", summary: "only this file or folder", isOptional: true },
  ],
  flags: [
    { flags: "-o, --output <folder>", summary: "where to (default: the current folder)", completes: Completes.File },
    { flags: "--destination <folder>", summary: "as -o, in upstream's words", completes: Completes.File },
    {
      flags: "--include <pattern>",
      summary: "only what matches, such as '*.php' or /data/**/uploads; repeat for more",
      isMany: true,
    },
    { flags: "--snapshots <ids>", summary: "of a Repository: ids of snapshots, parted by commas", isMany: true },
    { flags: "--paths <paths>", summary: "of upstream's plugin, which does not use it either", isHidden: true },
    ...UPSTREAM_IMAGE_FLAGS,
    ...PLACE_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: [],
  examples: [
    { line: "download shop:web -o ./web", does: "all files of a member" },
    { line: "download shop-1795966270:web /data/uploads -o . --include '*.jpg'", does: "some of a folder" },
    { line: "download store /data/uploads -o . --snapshots=0123abcd", does: "some of a snapshot" },
    { line: "download store --destination=./here --snapshots=0123abcd", does: "a snapshot, in upstream's words" },
  ],
  load: async () => (await import("./run.ts")).runDownload,
};
