import { type BackupSession, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../../../shared/api/backup-verification-session.ts";
import { type BackupVerifier, parseBackupVerifier } from "../../../../shared/api/backup-verifier.ts";

const API = "stash.appscode.com/v1beta1";

/** A session that saved the given paths of the host `web` of Deployment `web`. */
export function aSession(name: string, dueTime: string, paths: readonly string[], sizeBytes = 1_000): BackupSession {
  const snapshots = paths.map((path, index) => ({ name: `${index}${name}`, path, sizeBytes }));
  return parseBackupSession({
    apiVersion: API,
    kind: "BackupSession",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, creationTimestamp: dueTime },
    spec: { invoker: { kind: "BackupBatch", name: "app" }, dueTime },
    status: {
      phase: "Succeeded",
      completionTime: dueTime,
      targets: [
        {
          ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
          alias: "web",
          totalHosts: 1,
          phase: "Succeeded",
          stats: [{ hostname: "web", phase: "Succeeded", snapshots }],
        },
      ],
    },
  });
}

/** The session with a dump of AppBinding `shop-db`, whose alias is `db`. */
export function withDatabase(session: BackupSession): BackupSession {
  const snapshots = [{ name: `dump-${session.metadata.name}`, path: "dumpfile.sql", sizeBytes: 5_000 }];
  const target = {
    ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "shop-db" },
    alias: "db",
    totalHosts: 1,
    phase: "Succeeded" as const,
    stats: [{ hostname: "db", phase: "Succeeded" as const, snapshots }],
  };
  const { status = {} } = session;
  return { ...session, status: { ...status, targets: [...(status.targets ?? []), target] } };
}

export function aVerifier(spec: object = {}, status?: object): BackupVerifier {
  return parseBackupVerifier({
    apiVersion: API,
    kind: "BackupVerifier",
    metadata: {
      name: "nightly",
      namespace: "demo",
      uid: "uid-nightly",
      generation: 1,
      creationTimestamp: "2026-05-01T00:00:00Z",
    },
    spec: { invoker: { kind: "BackupBatch", name: "app" }, ...spec },
    ...(status !== undefined && { status }),
  });
}

export function aDrill(overrides: { name?: string; spec?: object; status?: object } = {}): BackupVerificationSession {
  const { name = "drill-1", spec = {}, status } = overrides;
  return parseBackupVerificationSession({
    apiVersion: API,
    kind: "BackupVerificationSession",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, generation: 1, creationTimestamp: "2026-05-02T00:00:00Z" },
    spec: { verifier: "nightly", ...spec },
    ...(status !== undefined && { status }),
  });
}
