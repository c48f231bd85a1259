/** `create`, as people type it: upstream's flags. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, type FlagSpec, Scope } from "../program/command.ts";
import { BACKEND_FLAGS } from "./backend.ts";

const MEMBER_FLAGS: readonly FlagSpec[] = [
  { flags: "--repo-name <name>", summary: "Repository", completes: Completes.Repository },
  {
    flags: "--repo-namespace <name>",
    summary: "its namespace, where that is another one",
    completes: Completes.Namespace,
  },
  { flags: "--target-apiversion <version>", summary: "API version of the target (default: apps/v1)" },
  { flags: "--target-kind <kind>", summary: "kind of the target" },
  { flags: "--target-name <name>", summary: "name of the target" },
  { flags: "--task <name>", summary: "Task, for databases and claims" },
  { flags: "--driver <name>", summary: "Restic or VolumeSnapshotter" },
  { flags: "--replica <n>", summary: "replicas of the target" },
  { flags: "--paths <paths>", summary: "paths, parted by commas", isMany: true },
  { flags: "--volume-mounts <mounts>", summary: "volume:path or volume:path:subPath, parted by commas", isMany: true },
];

const BACKUP_FLAGS: readonly FlagSpec[] = [
  { flags: "--schedule <cron>", summary: "backupconfig: when it runs" },
  ...["last", "hourly", "daily", "weekly", "monthly", "yearly"].map((unit) => ({
    flags: `--keep-${unit} <n>`,
    summary: `backupconfig: how many ${unit === "last" ? "of the newest" : unit} points stay`,
  })),
  { flags: "--prune", summary: "backupconfig: delete data that no snapshot needs" },
  { flags: "--dry-run", summary: "backupconfig: retention only tells what it would remove" },
  { flags: "--volumesnapshotclass <name>", summary: "backupconfig: VolumeSnapshotClass" },
  { flags: "--volumesnpashotclass <name>", summary: "upstream's spelling", isHidden: true },
];

const RESTORE_FLAGS: readonly FlagSpec[] = [
  { flags: "--alias <name>", summary: "restoresession: alias that the target had" },
  { flags: "--host <name>", summary: "restoresession: host whose data is read" },
  { flags: "--snapshots <ids>", summary: "restoresession: snapshots, parted by commas", isMany: true },
  { flags: "--claim.name <name>", summary: "restoresession: claim that is made" },
  { flags: "--claim.size <size>", summary: "restoresession: its size" },
  { flags: "--claim.access-modes <modes>", summary: "restoresession: its access modes", isMany: true },
  { flags: "--claim.storageclass <name>", summary: "restoresession: its storage class" },
  { flags: "--claim.datasource <name>", summary: "restoresession: VolumeSnapshot that it comes from" },
];

export const CREATE: CommandSpec = {
  name: "create",
  group: CommandGroup.Do,
  summary: "Make a Repository, BackupConfiguration or RestoreSession from flags",
  details: "Under upstream's names and flags. With --manifest nothing is made: the object is printed, for Git.",
  args: [
    {
      name: "kind",
      summary: "repository, backupconfig or restoresession",
      choices: ["repository", "backupconfig", "restoresession"],
    },
    { name: "name", summary: "of the new object" },
  ],
  flags: [
    { flags: "--manifest", summary: "print the object as YAML, or as -o says; make nothing" },
    ...BACKEND_FLAGS,
    ...MEMBER_FLAGS,
    ...BACKUP_FLAGS,
    ...RESTORE_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    {
      line: "create repository store --provider=s3 --bucket=backups --prefix=shop --secret=backend",
      does: "a Repository",
    },
    {
      line: "create backupconfig web --repo-name=store --schedule '*/30 * * * *' --target-kind=Deployment --target-name=web --paths=/data --volume-mounts=files:/data --keep-last=5 --prune",
      does: "a BackupConfiguration",
    },
    {
      line: "create restoresession back --repo-name=store --target-kind=Deployment --target-name=web --paths=/data --volume-mounts=files:/data",
      does: "a RestoreSession",
    },
  ],
  load: async () => (await import("./run.ts")).runCreate,
};
