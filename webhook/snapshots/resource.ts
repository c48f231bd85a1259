/** A restic snapshot as the aggregated API shows it. A type only: no CRD is made of it. */
import type { KINDS } from "../../shared/api/kinds.ts";
import type { ObjectMeta } from "../../shared/api/object-meta.ts";

export interface SnapshotStatus {
  readonly tree: string;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly tags?: readonly string[];
  readonly repository: string;
}

export interface Snapshot {
  readonly apiVersion: (typeof KINDS)["Snapshot"]["apiVersion"];
  readonly kind: (typeof KINDS)["Snapshot"]["kind"];
  readonly metadata: ObjectMeta;
  readonly status: SnapshotStatus;
}
