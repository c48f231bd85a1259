/** Workloads on the process node: controllers, scheduler and API server are real, and so are the programs. */
import { expect, test } from "vitest";
import { containerOf, isReady, until, useNodes } from "../support/node/test-cluster.ts";

const IMAGES = { tools: {}, greeter: { command: ["/bin/sh", "-c"], env: { GREETING: "hello" } } };
const use = useNodes("process-node", [
  { name: "pn-a", images: IMAGES },
  { name: "pn-b", images: IMAGES, provisioner: false },
]);

const SERVER = `
const http = require("node:http");
http.createServer((_, answer) => answer.end(require("node:os").hostname())).listen(8080);
`;

test("a Deployment's pods become ready and answer at their Service's name from another pod", async () => {
  const { cluster } = use();
  await cluster.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: tools
        command: ["${process.execPath}", "-e", ${JSON.stringify(SERVER)}]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  restartPolicy: Never
  containers:
  - name: client
    image: tools
    command: [sh, -c]
    args:
    - |
      for try in $(seq 100); do
        answer=$("${process.execPath}" -e 'fetch("http://"+process.argv[1]).then((r)=>r.text()).then(console.log)' web.process-node.svc) && break
        sleep 0.2
      done
      echo "answer=$answer"
`);
  const pods = await cluster.untilReady("web", 2);
  expect(new Set(pods.map((pod) => pod.status?.podIP)).size).toBe(2);
  await cluster.untilPod("client", (pod) => pod.status?.phase === "Succeeded");
  const [, answer] = /answer=(.*)/.exec(await cluster.logs("client")) ?? [];
  expect(pods.map((pod) => pod.metadata?.name)).toContain(answer);
});

test("a DaemonSet runs one pod on each node", async () => {
  const { cluster } = use();
  await cluster.apply(`
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: each}
spec:
  selector: {matchLabels: {app: each}}
  template:
    metadata: {labels: {app: each}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: tools, command: [sleep, infinity]}]
`);
  const pods = await cluster.untilReady("each", 2);
  expect(pods.map((pod) => pod.spec?.nodeName).sort()).toEqual(["pn-a", "pn-b"]);
});

test("a StatefulSet's pod finds its volume again after it was deleted, and its peers by name", async () => {
  const { cluster } = use();
  await cluster.apply(`
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: db
        image: tools
        command: [sh, -c, "echo run >> /data/log; exec sleep infinity"]
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`);
  await cluster.untilReady("db", 2);
  const before = await cluster.untilPod("db-0", isReady);
  await cluster.core.deleteNamespacedPod({ namespace: cluster.namespace, name: "db-0" });
  await cluster.untilPod("db-0", (pod) => pod.metadata?.uid !== before.metadata?.uid && isReady(pod));
  const runs = await cluster.exec("db-0", "db", ["cat", "/data/log"]);
  expect(runs.stdout).toBe("run\nrun\n");
  const other = await cluster.exec("db-1", "db", ["cat", "/data/log"]);
  expect(other.stdout).toBe("run\n");
  const peer = (await cluster.untilPod("db-1", isReady)).status?.podIP;
  const resolved = await until(async () => {
    const { stdout } = await cluster.exec("db-0", "db", ["getent", "hosts", "db-1.db.process-node.svc.cluster.local"]);
    return stdout.startsWith(`${peer} `);
  });
  expect(resolved).toBe(true);
});

test("a Job completes, and another fails with its exit code after its retries", async () => {
  const { cluster } = use();
  const job = (name: string, script: string): string => `
apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      restartPolicy: Never
      containers: [{name: main, image: tools, command: [sh, -c, "${script}"]}]
`;
  await cluster.apply([job("works", "exit 0"), job("breaks", "echo why >&2; exit 3")].join("---"));
  const jobOf = (name: string) => cluster.batch.readNamespacedJob({ namespace: cluster.namespace, name });
  expect(await until(async () => (await jobOf("works")).status?.succeeded === 1)).toBe(true);
  expect(await until(async () => (await jobOf("breaks")).status?.failed === 1)).toBe(true);
  const [pod] = await cluster.podsOf("breaks");
  expect(pod?.status?.phase).toBe("Failed");
  expect(pod?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
});

test("init-containers run in order and before the containers, which share their volumes", async () => {
  const { cluster } = use();
  await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: ordered}
spec:
  restartPolicy: Never
  initContainers:
  - {name: first, image: tools, command: [sh, -c, "sleep 0.3; echo first >> /shared/log"], volumeMounts: [{name: shared, mountPath: /shared}]}
  - {name: second, image: tools, command: [sh, -c, "echo second >> /shared/log"], volumeMounts: [{name: shared, mountPath: /shared}]}
  containers:
  - {name: main, image: tools, command: [sh, -c, "echo main >> /shared/log; cat /shared/log"], volumeMounts: [{name: shared, mountPath: /shared}]}
  volumes: [{name: shared, emptyDir: {}}]
`);
  const pod = await cluster.untilPod("ordered", ({ status }) => status?.phase === "Succeeded");
  expect(await cluster.logs("ordered")).toBe("first\nsecond\nmain\n");
  const ended = (name: string): number => containerOf(pod, name).state?.terminated?.finishedAt?.getTime() ?? 0;
  expect(ended("first")).toBeLessThanOrEqual(ended("second"));
  expect(containerOf(pod, "main").state?.terminated?.reason).toBe("Completed");
});

test("a failed init-container is tried again, and holds the pod in Pending; with restartPolicy Never it ends it", async () => {
  const { cluster } = use();
  const pod = (name: string, policy: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  restartPolicy: ${policy}
  terminationGracePeriodSeconds: 0
  initContainers:
  - {name: init, image: tools, command: [sh, -c, "[ -e /kept/again ] && exit 0; touch /kept/again; exit 9"], volumeMounts: [{name: kept, mountPath: /kept}]}
  containers: [{name: main, image: tools, command: [sleep, infinity]}]
  volumes: [{name: kept, emptyDir: {}}]
`;
  await cluster.apply([pod("retried", "Always"), pod("given-up", "Never")].join("---"));
  const retried = await cluster.untilPod("retried", isReady);
  expect(containerOf(retried, "init").restartCount).toBe(1);
  const ended = await cluster.untilPod("given-up", ({ status }) => status?.phase === "Failed");
  expect(containerOf(ended, "init").state?.terminated?.exitCode).toBe(9);
  expect(containerOf(ended, "main").state?.waiting?.reason).toBe("PodInitializing");
});

test("env comes from values, references, the pod itself, Secrets and ConfigMaps, the image and the Services", async () => {
  const { cluster } = use();
  await cluster.apply(`
apiVersion: v1
kind: Secret
metadata: {name: env-secret}
stringData: {password: "p a'ss\\"word", extra: e}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: env-config}
data: {mode: fast}
---
apiVersion: v1
kind: Pod
metadata: {name: env, labels: {tier: back}}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: greeter
    args: ["echo '$(GREETING) $(NAME) $$(NAME) $(UNKNOWN)'; env"]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    envFrom: [{secretRef: {name: env-secret}, prefix: S_}, {configMapRef: {name: absent, optional: true}}]
    env:
    - {name: NAME, value: world}
    - {name: TWICE, value: "$(NAME)-$(NAME)"}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: env-secret, key: password}}}
    - {name: MODE, valueFrom: {configMapKeyRef: {name: env-config, key: mode}}}
    - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
`);
  const pod = await cluster.untilPod("env", ({ status }) => status?.phase === "Succeeded");
  const [greeting, ...lines] = (await cluster.logs("env")).split("\n");
  // A kubelet knows only the spec's variables, not the image's.
  expect(greeting).toBe("$(GREETING) world $(NAME) $(UNKNOWN)");
  const env = new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  expect(Object.fromEntries(env)).toMatchObject({
    GREETING: "hello",
    TWICE: "world-world",
    PASSWORD: `p a'ss"word`,
    S_extra: "e",
    MODE: "fast",
    TIER: "back",
    NODE: pod.spec?.nodeName,
    IP: pod.status?.podIP,
    MEMORY: "64",
    HOSTNAME: "env",
    KUBERNETES_SERVICE_PORT: "443",
  });
});
