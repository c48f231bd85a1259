/** What every pod of a node shares. */
import type { V1Endpoints, V1Service } from "@kubernetes/client-node";
import type { KubeApi } from "../api/kube-api.ts";
import type { ObjectStore } from "../api/object-store.ts";
import type { ImageTable } from "../image-table.ts";
import type { NodeNetwork } from "../sandbox/node-network.ts";
import type { ObjectReader } from "./container-env.ts";
import type { RecordEvent } from "./event-recorder.ts";

export interface PodContext {
  readonly api: KubeApi;
  readonly nodeName: string;
  readonly images: ImageTable;
  readonly network: NodeNetwork;
  readonly services: ObjectStore<V1Service>;
  readonly endpoints: ObjectStore<V1Endpoints>;
  readonly reader: ObjectReader;
  readonly recordEvent: RecordEvent;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Aborts when the node stops: nothing is written to the API server from then on. */
  readonly signal: AbortSignal;
  /** Longest time that a pod's end may take, whatever its grace period; unset, the pod's own counts. */
  readonly mostGraceSeconds: number | undefined;
  readonly onError: (error: unknown) => void;
}
