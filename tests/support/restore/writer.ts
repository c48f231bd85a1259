/** An application that writes into its volume all the time, until it is killed. */
import type { Manifest } from "../objects/apply.ts";

/**
 * It does not heed that it should end. The file `/marks/HOSTNAME` is as old as its last write; who finds no more than a moment between the two
 * knows when that was, by the clock of the machine.
 */
const PROGRAM = [
  "trap '' TERM",
  // A pipe that nothing comes from: to wait for it takes no process, of which there would be fifty a second.
  "exec 3<> <(:)",
  `while :; do echo "$HOSTNAME" >> /data/written; echo written > "/marks/$HOSTNAME"; read -t 0.02 -u 3; done`,
].join("\n");

export interface Writer {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
  /** Folder of this machine in which its writes are marked. */
  readonly marks: string;
  /** Where it writes. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Further fields of the workload's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function writerManifest({ kind, namespace, name, marks, source, spec }: Writer): Manifest {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace },
    spec: {
      ...(kind === "StatefulSet" && { serviceName: name }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 2,
          containers: [
            {
              name: "app",
              image: "app:1",
              command: ["bash", "-c", PROGRAM],
              volumeMounts: [
                { name: "files", mountPath: "/data" },
                { name: "marks", mountPath: "/marks" },
              ],
            },
          ],
          volumes: [
            { name: "files", ...source },
            { name: "marks", hostPath: { path: marks, type: "Directory" } },
          ],
        },
      },
      ...spec,
    },
  };
}
