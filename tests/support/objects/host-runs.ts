/** Host runs for tests: only what matters to the case is stated. */
import { type HostRun, type HostRunSpec, parseHostRun } from "../../../shared/api/host-run.ts";

export interface HostRunOptions {
  readonly name?: string;
  readonly uid?: string;
  readonly spec?: Partial<HostRunSpec>;
  readonly status?: HostRun["status"];
}

/** A host run of the backup of host-0 by the pod with the uid `uid-1`. */
export function aHostRun({
  name = "nightly-1-abc",
  uid = `uid-${name}`,
  spec = {},
  status,
}: HostRunOptions = {}): HostRun {
  return parseHostRun({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "HostRun",
    metadata: { name, namespace: "demo", uid },
    spec: {
      work: "Backup",
      run: { kind: "BackupSession", name: "nightly-1", uid: "uid-session" },
      targetIndex: 0,
      host: "host-0",
      pod: { name: "web-1", uid: "uid-1" },
      attempt: 1,
      ...spec,
    },
    ...(status !== undefined && { status }),
  });
}
