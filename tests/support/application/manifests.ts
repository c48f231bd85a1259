/** A StatefulSet of 3, a Deployment of 2 and a DaemonSet over all nodes, whose volumes are folders of this machine. */
import { NODE_PATH } from "../../../scripts/image-root/contents.ts";
import type { TestImages } from "../images/test-image.ts";

export const APPLICATION_IMAGE: TestImages = {
  "tests/application:1": {
    base: "product",
    command: [NODE_PATH, "/opt/application/files/main.mjs"],
    files: { "/opt/application/files": import.meta.dirname },
  },
};

/** Where each host's files lie below the application's folder, in order of the hosts. */
export const HOST_FOLDERS = {
  db: ["db-0", "db-1", "db-2"],
  web: ["web"],
  logs: ["logs-node-a", "logs-node-b"],
} as const;

/** @param subPath folder of the pod's files below the application's folder; `$(NAME)` is replaced from the environment */
function podSpec(folder: string, subPath: string): string {
  return `
      terminationGracePeriodSeconds: 2
      containers:
        - name: app
          image: tests/application:1
          args: ["6"]
          env:
            - { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
            - { name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
            - { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
          volumeMounts:
            - { name: files, mountPath: /data, subPathExpr: "${subPath}" }
            - { name: notes, mountPath: /notes }
      volumes:
        - { name: files, hostPath: { path: ${folder}, type: Directory } }
        - { name: notes, hostPath: { path: ${folder}/notes, type: Directory } }`;
}

/** @param folder folder of this machine with a folder \`notes\` in it */
export function applicationManifest(namespace: string, folder: string): string {
  const template = (app: string, subPath: string) => `
  selector: { matchLabels: { app: ${app} } }
  template:
    metadata: { labels: { app: ${app} } }
    spec:${podSpec(folder, subPath)}`;
  return `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: ${namespace} }
spec:
  replicas: 3
  serviceName: db
  podManagementPolicy: Parallel${template("db", "$(POD_NAME)")}
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: ${namespace} }
spec:
  replicas: 2
  strategy: { type: Recreate }${template("web", "web")}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: logs, namespace: ${namespace} }
spec:
  updateStrategy: { rollingUpdate: { maxUnavailable: 2 } }${template("logs", "logs-$(NODE_NAME)")}
`;
}

const MOUNT = { db: "$(POD_NAME)", web: "web", logs: "logs-$(NODE_NAME)" } as const;
const KIND = { db: "StatefulSet", web: "Deployment", logs: "DaemonSet" } as const;

/** Lines of a batch's member, backup or restore. @param more further lines, each indented by six blanks */
export function memberLines(name: keyof typeof KIND, more: string): string {
  return `
    - target:
        alias: ${name}
        ref: { apiVersion: apps/v1, kind: ${KIND[name]}, name: ${name} }
        volumeMounts:
          - { name: files, mountPath: /data, subPathExpr: "${MOUNT[name]}" }
${more}`;
}
