/** A cluster with more, longer and worse of everything than the pages ever see at once. */
import type { WorldView } from "../../../cli/ui/world.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import type { Notice } from "../../../web/wire/envelope.ts";
import { aBatch, aSession, hoursAgo } from "./objects.ts";
import { aWorld } from "./ui-world.ts";

export const LARGE = { hosts: 5_000, members: 1_000, applications: 1_000, notices: 500 } as const;
/** As long as names may be. */
export const LONGEST_NAME = "n".repeat(253);
/** Would run, load something from elsewhere, and turn the line around. */
export const HOSTILE =
  '<img src="http://192.0.2.1/x" onerror="window.hit = 1"><script>window.hit = 2</script>\u202egnp.exe';
const FAILED = 7;

const many = <T>(length: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length }, (_one, at) => make(at));

/** At most 253 characters, of which the last tell one from another. */
export const longName = (at: number): string => `${LONGEST_NAME.slice(0, 247)}-${String(at).padStart(5, "0")}`;

function hostOf(at: number): object {
  const isFailed = at < FAILED;
  const [startedAt, finishedAt] = [hoursAgo(5), hoursAgo(4)];
  return {
    hostname: longName(at),
    phase: isFailed ? "Failed" : "Succeeded",
    pod: longName(at),
    podUID: `uid-${at}`,
    node: longName(at),
    ...(isFailed && { error: HOSTILE, reason: "PATH_NOT_FOUND" }),
    warnings: [HOSTILE],
    startedAt,
    finishedAt,
    snapshots: isFailed ? [] : [{ name: "aaaabbbb", path: `/${"d".repeat(4_000)}`, sizeBytes: 2_048 }],
    hooks: [{ type: "preBackup", phase: "Succeeded", startedAt, finishedAt, output: HOSTILE.repeat(40) }],
  };
}

/**
 * One application with the longest name and a session of 5,000 hosts, one of 1,000 members, 1,000 that are paused, a Repository that all
 * of them use, and 500 objects that can't be read.
 */
export function aLargeWorld(): WorldView {
  const members = many(LARGE.members, (at) => ({
    target: { alias: `part-${at}`, ref: { apiVersion: "apps/v1", kind: "Deployment", name: `part-${at}` } },
  }));
  const paused = many(LARGE.applications, (at) => aBatch({ name: `paused-${at}`, spec: { paused: true } }));
  const lastRecoveryPoint = { session: LONGEST_NAME, time: hoursAgo(5) };
  const repository = { name: LONGEST_NAME };
  const notices = many(
    LARGE.notices,
    (at): Notice => ({ kind: "unreadable", message: `BackupSession demo/x-${at}: ${HOSTILE}`, next: "correct it" }),
  );
  const world = aWorld({
    invokers: [
      aBatch({ name: LONGEST_NAME, spec: { repository }, status: { lastRecoveryPoint } }),
      aBatch({ name: "many", spec: { members } }),
      ...paused,
    ],
    sessions: [
      aSession({
        name: LONGEST_NAME,
        batch: LONGEST_NAME,
        phase: "Failed",
        targets: [
          { alias: "all", phase: "Failed", more: { totalHosts: LARGE.hosts, stats: many(LARGE.hosts, hostOf) } },
        ],
      }),
      aSession({
        name: "many-1",
        batch: "many",
        targets: members.map(({ target: { alias } }) => ({
          alias,
          host: { startedAt: hoursAgo(5), finishedAt: hoursAgo(4) },
        })),
      }),
      ...many(LARGE.applications, (at) => aSession({ name: `kept-${at}`, batch: "paused-1", hoursAgo: at })),
    ],
    repositories: ["store", LONGEST_NAME].map((name) => ({
      apiVersion: KINDS.Repository.apiVersion,
      kind: "Repository",
      metadata: { name, namespace: "demo" },
      spec: { backend: { s3: { endpoint: "https://s3.example", bucket: "b".repeat(1_000) } } },
      status: {
        references: many(LARGE.applications, (at) => ({
          kind: "BackupBatch",
          namespace: "demo",
          name: `paused-${at}`,
        })),
      },
    })),
  });
  return { ...world, notices };
}
