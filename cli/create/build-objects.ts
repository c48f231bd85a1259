/** Objects from upstream's flags. Pure; what is wrong with their fields the API server and the webhook say. */
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { RestoreSession } from "../../shared/api/restore-session.ts";
import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";
import { Driver } from "../../shared/contract.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";
import { buildBackend } from "./backend.ts";
import { readCount, readWords } from "./read-count.ts";

interface Place {
  readonly namespace: string;
  readonly name: string;
}

export function buildRepository({ namespace, name }: Place, flags: FlagValues): Repository {
  return {
    apiVersion: KINDS.Repository.apiVersion,
    kind: KINDS.Repository.kind,
    metadata: { name, namespace },
    spec: { backend: buildBackend(flags) },
  };
}

/** @throws UsageError */
export function buildBackupConfiguration({ namespace, name }: Place, flags: FlagValues): BackupConfiguration {
  const { apiVersion, kind } = KINDS.BackupConfiguration;
  const schedule = flags.text("schedule");
  const paths = readWords(flags, "paths");
  const mounts = readMounts(flags);
  const replicas = readCount(flags, "replica");
  const snapshotClassName = flags.text("volumesnpashotclass") ?? flags.text("volumesnapshotclass");
  return {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      ...common(flags),
      ...(schedule !== undefined && { schedule }),
      target: {
        ref: readTarget(flags),
        ...(paths.length > 0 && { paths }),
        ...(mounts.length > 0 && { volumeMounts: mounts }),
        ...(replicas !== undefined && { replicas }),
        ...(snapshotClassName !== undefined && { snapshotClassName }),
      },
      retentionPolicy: readRetention(flags),
    },
  };
}

/** @throws UsageError */
export function buildRestoreSession({ namespace, name }: Place, flags: FlagValues): RestoreSession {
  const { apiVersion, kind } = KINDS.RestoreSession;
  const [paths, snapshots] = [readWords(flags, "paths"), readWords(flags, "snapshots")];
  const mounts = readMounts(flags);
  const [alias, host] = [flags.text("alias"), flags.text("host")];
  const replicas = readCount(flags, "replica");
  const claim = readClaim(flags);
  const rule = {
    ...(host !== undefined && { sourceHost: host }),
    ...(paths.length > 0 && { paths }),
    ...(snapshots.length > 0 && { snapshots }),
  };
  return {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      ...common(flags),
      target: {
        ...(flags.text("target-kind") !== undefined && { ref: readTarget(flags) }),
        ...(alias !== undefined && { alias }),
        ...(mounts.length > 0 && { volumeMounts: mounts }),
        ...(replicas !== undefined && { replicas }),
        ...(claim !== undefined && { volumeClaimTemplates: [claim] }),
        ...(Object.keys(rule).length > 0 && { rules: [rule] }),
      },
    },
  };
}

function common(flags: FlagValues) {
  const [repository, home] = [flags.text("repo-name"), flags.text("repo-namespace")];
  const [driver, task] = [readDriver(flags), flags.text("task")];
  if (repository === undefined && driver !== "VolumeSnapshotter") {
    throw new UsageError("which Repository?", "name it with --repo-name");
  }
  return {
    ...(driver !== undefined && { driver }),
    ...(repository !== undefined && {
      repository: { name: repository, ...(home !== undefined && { namespace: home }) },
    }),
    ...(task !== undefined && { task: { name: task } }),
  } as const;
}

function readDriver(flags: FlagValues): (typeof Driver)[keyof typeof Driver] | undefined {
  const text = flags.text("driver");
  const driver = Object.values(Driver).find((one) => one === text);
  if (driver === undefined && text !== undefined) {
    throw new UsageError(`--driver ${text} is none of ${Object.values(Driver).join(", ")}`);
  }
  return driver;
}

function readTarget(flags: FlagValues) {
  const [kind, name] = [flags.text("target-kind"), flags.text("target-name")];
  if (kind === undefined || name === undefined) {
    throw new UsageError("which target?", "name it with --target-kind and --target-name");
  }
  return { apiVersion: flags.text("target-apiversion") ?? "apps/v1", kind, name };
}

/** `volume:path[:subPath]`. */
function readMounts(flags: FlagValues) {
  return readWords(flags, "volume-mounts").map((text) => {
    const [name, mountPath, subPath, ...more] = text.split(":");
    if (!name || !mountPath || more.length > 0) {
      throw new UsageError(`--volume-mounts ${text} can't be read`, "write volume:path or volume:path:subPath");
    }
    return { name, mountPath, ...(subPath && { subPath }) };
  });
}

const KEEPS = [
  ["keep-last", "keepLast"],
  ["keep-hourly", "keepHourly"],
  ["keep-daily", "keepDaily"],
  ["keep-weekly", "keepWeekly"],
  ["keep-monthly", "keepMonthly"],
  ["keep-yearly", "keepYearly"],
] as const;

/** Its name tells the last rule, as upstream's does. */
function readRetention(flags: FlagValues): RetentionPolicy {
  const kept = KEEPS.flatMap(([flag, field]) => {
    const count = readCount(flags, flag);
    return count === undefined || count === 0 ? [] : [{ flag, field, count }];
  });
  const last = kept.at(-1);
  if (last === undefined) throw new UsageError("how much is kept?", "say so, for example with --keep-last=5");
  return {
    name: `${last.flag}-${last.count}`,
    ...Object.fromEntries(kept.map(({ field, count }) => [field, count])),
    prune: flags.has("prune"),
    ...(flags.has("dry-run") && { dryRun: true }),
  };
}

function readClaim(flags: FlagValues) {
  const name = flags.text("claim.name");
  if (name === undefined) return undefined;
  const size = flags.text("claim.size");
  if (size === undefined) throw new UsageError("how large is the claim?", "say so with --claim.size");
  const storageClassName = flags.text("claim.storageclass");
  const source = flags.text("claim.datasource");
  const modes = readWords(flags, "claim.access-modes");
  return {
    metadata: { name },
    spec: {
      accessModes: modes.length > 0 ? modes : ["ReadWriteOnce"],
      ...(storageClassName !== undefined && { storageClassName }),
      resources: { requests: { storage: size } },
      ...(source !== undefined && {
        dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: source },
      }),
    },
  };
}
