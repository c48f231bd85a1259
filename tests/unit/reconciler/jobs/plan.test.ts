// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are what is tested
import { describe, expect, test } from "vitest";
import { parseFunction } from "../../../../shared/api/function.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { parseTask } from "../../../../shared/api/task.ts";
import { readLimitRange } from "../../../../shared/injection/limit-range.ts";
import { listAt, textAt, valueAt } from "../../../../shared/json/value.ts";
import {
  aBackup,
  appBinding,
  aRestore,
  containersOf,
  DB_REF,
  functions,
  IMAGE,
  PVC_REF,
  planOf,
  podOf,
  repository,
  resolved,
  withSteps,
} from "./builders.ts";

const dbBackup = (spec = {}, change = {}) =>
  aBackup({ target: { ref: DB_REF }, ...spec }, { task: resolved("mysql-backup-8.0.21"), appBinding, ...change });
const claim = { name: "files", accessModes: ["ReadWriteOnce"] };
const pvcBackup = (spec = {}, change = {}) =>
  aBackup({ target: { ref: PVC_REF }, ...spec }, { task: resolved("pvc-backup"), claim, ...change });

function mountsOf(container: unknown): readonly string[] {
  return listAt(container, "volumeMounts").map((mount) => textAt(mount, "mountPath") ?? "");
}

const STASH = { apiVersion: "stash.appscode.com/v1beta1" };

function aFunction(name: string, spec: Readonly<Record<string, unknown>>) {
  return parseFunction({ ...STASH, kind: "Function", metadata: { name }, spec });
}

function aTask(name: string, spec: Readonly<Record<string, unknown>>) {
  return parseTask({ ...STASH, kind: "Task", metadata: { name }, spec });
}

describe("the job of a database", () => {
  const plan = planOf(dbBackup());

  test("has a name that follows from its session, owner references, and one try", () => {
    expect(plan.name).toBe("stash-backup-nightly-1714435200-0");
    expect(plan.hostname).toBe("host-0");
    expect(plan.job).toMatchObject({
      metadata: {
        namespace: "demo",
        labels: {
          team: "a",
          "app.kubernetes.io/component": "stash-backup",
          "app.kubernetes.io/managed-by": "stash.appscode.com",
          "stash.appscode.com/job-owner": "uid-of-session",
          "stash.appscode.com/job-target": "0",
        },
        ownerReferences: [
          { kind: "BackupSession", name: "nightly-1714435200", uid: "uid-of-session", controller: true },
        ],
      },
      spec: {
        backoffLimit: 0,
        // D16: of a pod that was evicted there is another.
        podFailurePolicy: {
          rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
        },
        template: { spec: { restartPolicy: "Never" } },
      },
    });
  });

  test("runs our image with the arguments of the catalogue's Function", () => {
    expect(containersOf(plan)).toHaveLength(1);
    const [container] = containersOf(plan);
    expect(container).toMatchObject({ name: "mysql-backup-0", image: IMAGE, imagePullPolicy: "IfNotPresent" });
    expect(listAt(container, "args")).toEqual(
      expect.arrayContaining([
        "backup-mysql",
        "--backupsession=nightly-1714435200",
        "--target-kind=AppBinding",
        "--appbinding=db",
        "--mysql-args=--all-databases",
        "--linger=true",
      ]),
    );
  });

  test("mounts the Secrets of backend and application in place of rights on them", () => {
    expect(mountsOf(containersOf(plan)[0])).toEqual([
      "/stash-tmp",
      "/var/run/secrets/stash.appscode.com/identity",
      "/etc/stash/repository/backend",
      "/etc/stash/app/db-auth",
      "/etc/stash/app/db-tls",
    ]);
    const secrets = listAt(podOf(plan), "volumes").flatMap((volume) => textAt(volume, "secret", "secretName") ?? []);
    expect(secrets).toEqual(["backend", "db-auth", "db-tls"]);
  });

  test("may read host runs, report into their statuses, and nothing else", () => {
    expect(plan.rights.role).toMatchObject({
      metadata: { ownerReferences: [{ kind: "BackupConfiguration", uid: "uid-of-invoker" }] },
    });
    expect(plan.rights.role["rules"]).toEqual([
      { apiGroups: ["stash.appscode.com"], resources: ["hostruns"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["stash.appscode.com"], resources: ["hostruns/status"], verbs: ["patch"] },
    ]);
    expect(plan.rights.accountName).toBe("backupconfiguration-nightly-0");
    expect(podOf(plan)).toMatchObject({
      serviceAccountName: "backupconfiguration-nightly-0",
      automountServiceAccountToken: false,
    });
  });

  test("meets Pod Security restricted", () => {
    expect(podOf(plan)).toMatchObject({ securityContext: { seccompProfile: { type: "RuntimeDefault" } } });
    expect(valueAt(containersOf(plan)[0], "securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      seccompProfile: { type: "RuntimeDefault" },
      runAsUser: 65534,
      runAsGroup: 65534,
      runAsNonRoot: true,
    });
  });

  test("tells the agent its invoker, and the host that hooks go to", () => {
    expect(listAt(containersOf(plan)[0], "env").slice(0, 3)).toEqual([
      { name: "STASH_INVOKER_KIND", value: "BackupConfiguration" },
      { name: "STASH_INVOKER_NAME", value: "nightly" },
      { name: "STASH_APP_HOST", value: "db.demo.svc" },
    ]);
  });

  test("carries parameters with quotes and line breaks through to the argument (L102)", () => {
    const args = `--where='a = "b"'\n--comments {"x": "\${NO}"}`;
    const task = resolved("mysql-backup", { args });
    expect(listAt(containersOf(planOf(dbBackup({}, { task })))[0], "args")).toContain(`--mysql-args=${args}`);
  });
});

test("a session's deadline ends its job too, also a program of others (L11)", () => {
  expect(planOf(dbBackup({}, { deadlineSeconds: 90 })).job).toMatchObject({ spec: { activeDeadlineSeconds: 90 } });
});

test("long names of sessions that differ in the middle give different jobs", () => {
  const named = (name: string) => planOf(dbBackup({}, { owner: { ...dbBackup().owner, name, uid: name } })).name;
  const long = (middle: string) => `${"a".repeat(25)}${middle}${"b".repeat(20)}-1714435200`;
  expect(named(long("x")).length).toBeLessThanOrEqual(63);
  expect(named(long("x"))).not.toBe(named(long("y")));
});

describe("the job of a volume", () => {
  test("mounts it for reading alone where the manual says", () => {
    const [container] = containersOf(planOf(pvcBackup()));
    expect(listAt(container, "volumeMounts").at(-1)).toEqual({
      name: "stash-volume",
      mountPath: "/stash-data",
      readOnly: true,
    });
    const own = pvcBackup({
      target: { ref: PVC_REF, volumeMounts: [{ name: "any", mountPath: "/x", subPath: "sub" }] },
    });
    expect(listAt(containersOf(planOf(own))[0], "volumeMounts").at(-1)).toMatchObject({
      mountPath: "/x",
      subPath: "sub",
    });
  });

  test("is for writing in a restore", () => {
    const view = aRestore(
      { target: { ref: PVC_REF, rules: [{ paths: ["/stash-data"] }] } },
      { task: resolved("pvc-restore"), claim },
    );
    expect(listAt(containersOf(planOf(view))[0], "volumeMounts").at(-1)).toEqual({
      name: "stash-volume",
      mountPath: "/stash-data",
    });
  });

  test("runs as root with the least capabilities when nobody knows whose files they are", () => {
    expect(valueAt(containersOf(planOf(pvcBackup()))[0], "securityContext")).toMatchObject({
      runAsUser: 0,
      capabilities: { add: ["DAC_OVERRIDE"], drop: ["ALL"] },
    });
    const restricted = {
      namespace: { name: "demo", labels: { "pod-security.kubernetes.io/enforce": "restricted" }, annotations: {} },
    };
    expect(valueAt(containersOf(planOf(pvcBackup({}, restricted)))[0], "securityContext")).toMatchObject({
      runAsUser: 65534,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("C1: every container of it has requests and limits; the member's win by name", () => {
    const resources = { requests: { memory: "96Mi" } };
    for (const container of containersOf(planOf(pvcBackup({ runtimeSettings: { container: { resources } } })))) {
      expect(valueAt(container, "resources")).toEqual({
        requests: { cpu: "10m", memory: "96Mi" },
        limits: { cpu: "1", memory: "1Gi" },
      });
    }
  });

  test("C1: a LimitRange of the namespace counts for each container of it", () => {
    const limits = [{ type: "Container", min: { memory: "128Mi" }, maxLimitRequestRatio: { cpu: "2" } }];
    const limitRanges = [readLimitRange({ metadata: { namespace: "demo" }, spec: { limits } })];
    const containers = containersOf(planOf(pvcBackup({}, { limitRanges })));
    expect(containers.length).toBeGreaterThan(0);
    for (const container of containers) {
      expect(valueAt(container, "resources")).toEqual({
        requests: { cpu: "1", memory: "128Mi" },
        limits: { cpu: "1", memory: "1Gi" },
      });
    }
  });

  test("D9: pulls its images with the installation's Secrets, unless its account is the user's and has what it has", () => {
    const pullSecrets = [{ namespace: "stash-batch", name: "registry" }];
    const settings = { image: IMAGE, nativeSidecar: false, followsImage: false, pullSecrets };
    const secretsOf = (pod: object) =>
      valueAt(
        planOf(pvcBackup({ runtimeSettings: { pod } }, { settings })).job,
        "spec",
        "template",
        "spec",
        "imagePullSecrets",
      );
    const ours = { name: expect.stringMatching(/^stash-pull-/) };
    expect(secretsOf({})).toEqual([ours]);
    expect(secretsOf({ imagePullSecrets: [{ name: "mine" }] })).toEqual([{ name: "mine" }, ours]);
    expect(secretsOf({ serviceAccountName: "theirs" })).toBeUndefined();
    expect(secretsOf({ serviceAccountName: "theirs", imagePullSecrets: [{ name: "mine" }] })).toEqual([
      { name: "mine" },
      ours,
    ]);
  });

  test("C4: runs as 65534 where the job's pod or the container may not be root", () => {
    const pod = { runtimeSettings: { pod: { securityContext: { runAsNonRoot: true } } } };
    const container = { runtimeSettings: { container: { securityContext: { runAsNonRoot: true } } } };
    for (const settings of [pod, container]) {
      expect(valueAt(containersOf(planOf(pvcBackup(settings)))[0], "securityContext")).toMatchObject({
        runAsUser: 65534,
        runAsNonRoot: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  const user = {
    pod: "web-1",
    nodeName: "node-7",
    podTemplate: {
      spec: { containers: [{ name: "web", securityContext: { runAsUser: 1000 }, volumeMounts: [{ name: "data" }] }] },
    },
    volumeNames: ["data"],
  };

  test("runs as the user of the pod that has it, beside that pod", () => {
    const plan = planOf(pvcBackup({}, { claimUsers: [user] }));
    expect(valueAt(containersOf(plan)[0], "securityContext")).toMatchObject({ runAsUser: 1000, runAsNonRoot: true });
    expect(JSON.stringify(podOf(plan)["affinity"])).toContain('"values":["node-7"]');
  });

  test("D22: is placed by the node's name, whatever the node's labels say, with the tolerations of the pod that is there", () => {
    const tolerations = [{ key: "databases", operator: "Exists", effect: "NoSchedule" }];
    const tolerant = { ...user, podTemplate: { spec: { ...user.podTemplate.spec, tolerations } } };
    const pod = podOf(planOf(pvcBackup({}, { claimUsers: [tolerant] })));
    expect(JSON.stringify(pod["affinity"])).toContain(
      '"matchFields":[{"key":"metadata.name","operator":"In","values":["node-7"]}]',
    );
    expect(pod["tolerations"]).toEqual(tolerations);
    const own = { runtimeSettings: { pod: { tolerations: [{ operator: "Exists" }] } } };
    expect(podOf(planOf(pvcBackup(own, { claimUsers: [tolerant] })))["tolerations"]).toEqual([{ operator: "Exists" }]);
  });

  test("runs anywhere when several nodes can mount it, or where the user says", () => {
    const many = { claim: { name: "files", accessModes: ["ReadWriteMany"] }, claimUsers: [user] };
    expect(podOf(planOf(pvcBackup({}, many)))).not.toHaveProperty("affinity");
    const settings = { runtimeSettings: { pod: { nodeName: "node-1" } } };
    const chosen = planOf(pvcBackup(settings, { claimUsers: [user] }));
    expect(podOf(chosen)).toMatchObject({ nodeName: "node-1" });
    expect(podOf(chosen)).not.toHaveProperty("affinity");
  });

  test("is refused when the volume is for one pod alone and one has it", () => {
    const alone = { claim: { name: "files", accessModes: ["ReadWriteOncePod"] }, claimUsers: [user] };
    expect(() => planOf(pvcBackup({}, alone))).toThrow(expect.objectContaining({ code: "UNSCHEDULABLE" }));
  });
});

describe("runtimeSettings", () => {
  const runtimeSettings = {
    pod: {
      podLabels: { x: "y", "app.kubernetes.io/managed-by": "me" },
      podAnnotations: { a: "b" },
      imagePullSecrets: [{ name: "pull" }],
      nodeSelector: { disk: "ssd" },
      serviceAccountName: "mine",
      priorityClassName: "low",
      securityContext: { fsGroup: 7 },
    },
    container: {
      resources: { requests: { cpu: "100m" } },
      env: [{ name: "PGSSLMODE", value: "require" }],
      nice: { adjustment: 5 },
      securityContext: { runAsUser: 4242 },
    },
  };
  const plan = planOf(dbBackup({ runtimeSettings }));

  test("of the pod are applied, its labels too (L29)", () => {
    expect(plan.job).toMatchObject({
      spec: {
        template: {
          metadata: {
            labels: { x: "y", "app.kubernetes.io/managed-by": "stash.appscode.com" },
            annotations: { a: "b" },
          },
          spec: {
            imagePullSecrets: [{ name: "pull" }],
            nodeSelector: { disk: "ssd" },
            serviceAccountName: "mine",
            priorityClassName: "low",
            securityContext: { fsGroup: 7 },
          },
        },
      },
    });
    expect(podOf(plan)).not.toHaveProperty("podLabels");
    expect(plan.rights.account).toBeUndefined();
    expect(plan.rights.binding).toMatchObject({ subjects: [{ name: "mine" }] });
  });

  test("of the container are applied, requests without limits too (L30)", () => {
    const [container] = containersOf(plan);
    expect(container).toMatchObject({ resources: { requests: { cpu: "100m" } }, securityContext: { runAsUser: 4242 } });
    expect(listAt(container, "env")).toEqual(
      expect.arrayContaining([
        { name: "PGSSLMODE", value: "require" },
        { name: "NICE_ADJUSTMENT", value: "5" },
      ]),
    );
  });
});

describe("a Task of two steps", () => {
  const addon = aFunction("mine.backup", {
    image: "registry.example.org/addon:1",
    args: ["dump", "--session=${BACKUP_SESSION}", "--to=${outputDir}", "--image=${ADDON_IMAGE}"],
    runtimeSettings: { env: [{ name: "A", value: "1" }], livenessProbe: { tcpSocket: { port: 1 } } },
  });
  const task = aTask("mine", {
    steps: [
      {
        name: "mine.backup",
        params: [
          { name: "outputDir", value: "/stash-tmp/output" },
          { name: "NAMESPACE", value: "x" },
        ],
      },
      { name: "update-status", params: [{ name: "outputDir", value: "/stash-tmp/output" }] },
    ],
    volumes: [{ name: "extra", emptyDir: {} }],
  });
  const foreign = { task: withSteps(task, {}, [addon, ...functions]) };

  test("of another's program waits for the turn, runs as given, and is reported by the last step", () => {
    const plan = planOf(dbBackup({}, foreign));
    const [gate, dump, last] = containersOf(plan);
    expect(containersOf(plan)).toHaveLength(3);
    expect(gate).toMatchObject({ name: "pre-task-hook", image: IMAGE });
    expect(listAt(gate, "args").slice(0, 2)).toEqual(["run-hook", "--backupsession=nightly-1714435200"]);
    expect(dump).toMatchObject({
      name: "mine-backup-0",
      image: "registry.example.org/addon:1",
      args: ["dump", "--session=nightly-1714435200", "--to=/stash-tmp/output", "--image=registry.example.org/addon:1"],
    });
    expect(dump).not.toHaveProperty("securityContext");
    expect(dump).not.toHaveProperty("livenessProbe");
    expect(listAt(dump, "env")).toContainEqual({ name: "A", value: "1" });
    expect(last).toMatchObject({ name: "update-status-1", image: IMAGE });
    expect(listAt(podOf(plan), "containers")).toEqual([last]);
    expect(podOf(plan)).toMatchObject({ automountServiceAccountToken: true, securityContext: { runAsUser: 65535 } });
    expect(listAt(podOf(plan), "volumes")[0]).toEqual({ name: "extra", emptyDir: {} });
  });

  test("gets its after-hook before the last step, which ends as the host did", () => {
    const hooks = { postBackup: { httpGet: { port: 80 } } };
    const names = containersOf(planOf(dbBackup({ hooks }, foreign))).map((container) => textAt(container, "name"));
    expect(names).toEqual(["pre-task-hook", "mine-backup-0", "post-task-hook", "update-status-1"]);
  });

  test("L4: of upstream's database addon runs our image with upstream's arguments", () => {
    const upstream = aFunction("mysql-backup-8.0.21", {
      image: "ghcr.io/stashed/stash-mysql:8.0.21-v33",
      args: ["backup-mysql", "--appbinding=${TARGET_NAME:=}", "--mysql-args=${args:=--all-databases}"],
    });
    const status = aFunction("update-status", {
      image: "${STASH_DOCKER_REGISTRY:=appscode}/${STASH_DOCKER_IMAGE:=stash}:${STASH_IMAGE_TAG:=latest}",
      args: ["update-status", "--backupsession=${BACKUP_SESSION:=}"],
    });
    const two = aTask("mysql-backup-8.0.21", { steps: [{ name: "mysql-backup-8.0.21" }, { name: "update-status" }] });
    const plan = planOf(dbBackup({}, { task: withSteps(two, {}, [upstream, status]) }));
    expect(containersOf(plan).map((container) => [textAt(container, "name"), textAt(container, "image")])).toEqual([
      ["mysql-backup-8-0-21-0", IMAGE],
      ["update-status-1", IMAGE],
    ]);
    expect(listAt(containersOf(plan)[0], "args")).toEqual([
      "backup-mysql",
      "--appbinding=db",
      "--mysql-args=--all-databases",
    ]);
  });

  test("L19: that lacks a variable is refused with its name and place", () => {
    const broken = aFunction("broken", { args: ["ok", "--x=${MISSING}"] });
    const one = withSteps(aTask("t", { steps: [{ name: "broken" }] }), {}, [broken]);
    expect(() => planOf(dbBackup({}, { task: one }))).toThrow(
      "Function broken: spec.args[1]: variable MISSING has no value",
    );
  });

  test("without any step is refused", () => {
    const none = withSteps(aTask("t", {}), {}, []);
    expect(() => planOf(dbBackup({}, { task: none }))).toThrow("Task t has no step");
  });
});

describe("a job is refused", () => {
  test.each([DB_REF, PVC_REF])("when its target $kind is in another namespace", (ref) => {
    const view = aBackup({ target: { ref: { ...ref, namespace: "prod" } } }, { task: resolved("pvc-backup") });
    expect(() => planOf(view)).toThrow(expect.objectContaining({ code: "OUTSIDE_NAMESPACE" }));
  });

  test("when the local backend is a claim of another namespace", () => {
    const other = parseRepository({
      ...repository,
      metadata: { name: "repo", namespace: "backup" },
      spec: { backend: { local: { mountPath: "/safe/repo", persistentVolumeClaim: { claimName: "r" } } } },
    });
    expect(() => planOf(dbBackup({}, { repository: other }))).toThrow(
      expect.objectContaining({ code: "BACKEND_INVALID" }),
    );
  });
});

test("the Secret of a Repository elsewhere is the copy that the reconciler keeps", () => {
  const other = parseRepository({ ...repository, metadata: { name: "repo", namespace: "backup" } });
  const secrets = listAt(podOf(planOf(dbBackup({}, { repository: other }))), "volumes").flatMap(
    (volume) => textAt(volume, "secret", "secretName") ?? [],
  );
  expect(secrets[0]).toMatch(/^backend-[a-z0-9]{10}$/);
});

test("an interim volume is made from its template, goes with the session, and is in every container", () => {
  const interimVolumeTemplate = {
    metadata: { name: "interim" },
    spec: { resources: { requests: { storage: "1Gi" } } },
  };
  const plan = planOf(dbBackup({ interimVolumeTemplate }));
  expect(plan.claims.map(({ claim: made }) => made)).toMatchObject([
    {
      metadata: { name: "nightly-1714435200-interim", namespace: "demo", ownerReferences: [{ uid: "uid-of-session" }] },
      spec: { resources: { requests: { storage: "1Gi" } } },
    },
  ]);
  expect(mountsOf(containersOf(plan)[0])).toContain("/stash-interim-volume");
});

describe("a restore into claim templates", () => {
  const target = {
    ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" },
    alias: "db",
    replicas: 2,
    volumeMounts: [
      { name: "data-db", mountPath: "/data" },
      { name: "wal-db", mountPath: "/wal" },
    ],
    volumeClaimTemplates: ["data", "wal"].map((name) => ({
      metadata: { name: `${name}-db-\${POD_ORDINAL}`, labels: { ordinal: "o${POD_ORDINAL}" } },
      spec: { accessModes: ["ReadWriteOnce"] },
    })),
    rules: [{ paths: ["/data", "/wal"] }],
  };

  test("L44: is one job and one host an ordinal, however many claims it has", () => {
    const plan = planOf(aRestore({ target }, { ordinal: 1 }));
    expect(plan.name).toBe("stash-restore-back-0-1");
    expect(plan.hostname).toBe("db-1");
    expect(plan.claims.map(({ claim: made, volumeName }) => [made.metadata.name, volumeName])).toEqual([
      ["data-db-1", "data-db"],
      ["wal-db-1", "wal-db"],
    ]);
    expect(plan.claims[0]?.claim.metadata).toMatchObject({ labels: { ordinal: "o1" } });
    expect(plan.claims[0]?.claim.metadata).not.toHaveProperty("ownerReferences");
    const [container] = containersOf(plan);
    expect(container).toMatchObject({ name: "stash" });
    expect(listAt(container, "args")).toContain("--restore-model=job");
    expect(listAt(container, "env")).toContainEqual({ name: "POD_ORDINAL", value: "1" });
    expect(mountsOf(container)).toEqual(expect.arrayContaining(["/data", "/wal"]));
    expect(valueAt(container, "securityContext")).toMatchObject({ runAsUser: 0 });
  });

  test("is refused when a claim is mounted nowhere", () => {
    const view = aRestore({ target: { ...target, volumeMounts: target.volumeMounts.slice(0, 1) } }, { ordinal: 0 });
    expect(() => planOf(view)).toThrow(expect.objectContaining({ code: "VOLUME_NOT_FOUND" }));
  });
});

describe("what users give to what is made for them", () => {
  const OURS = {
    "stash.appscode.com/job-service": "victim/bank",
    "stash.appscode.com/job-owner": "other",
    "Stash.appscode.com/x": "1",
    "target.stash.appscode.com/deployment-x": "true",
  };
  const pod = { podLabels: { app: "x", ...OURS }, podAnnotations: { note: "x", ...OURS } };

  test("S2: has no keys of our domain: they would say something to us", () => {
    const view = aBackup({ target: { ref: PVC_REF }, runtimeSettings: { pod } }, { task: resolved("pvc-backup") });
    const labels = { team: "a", ...OURS };
    const { job, rights } = planOf({ ...view, invoker: { ...view.invoker, labels } });
    const seen = [job, rights.role, rights.account].map((made) => valueAt(made, "metadata", "labels"));
    const template = [
      valueAt(job, "spec", "template", "metadata", "labels"),
      valueAt(job, "spec", "template", "metadata", "annotations"),
    ];
    expect(JSON.stringify([...seen, ...template])).not.toMatch(/victim|other|Stash\.|target\.stash/);
    expect(template[0]).toMatchObject({ app: "x", team: "a", "stash.appscode.com/job-owner": "uid-of-session" });
    expect(template[1]).toMatchObject({ note: "x" });
  });

  test("S6a: has no parameter with the name of a variable of ours, wherever it comes from", () => {
    const task = resolved("mysql-backup", { TARGET_NAME: "payroll" });
    expect(() => planOf(aBackup({ target: { ref: DB_REF } }, { task, appBinding }))).toThrow(
      expect.objectContaining({ code: "VARIABLE_RESERVED" }),
    );
  });

  test("S6b: names no kind that nobody knows", () => {
    const ref = { apiVersion: "x/v1", kind: "Foo", name: "payroll" };
    expect(() => planOf(aBackup({ target: { ref } }, { task: resolved("pvc-backup") }))).toThrow(
      expect.objectContaining({ code: "TARGET_INVALID" }),
    );
    expect(() => planOf(aBackup({}, { task: resolved("pvc-backup") }))).toThrow("can't be backed up");
  });
});
