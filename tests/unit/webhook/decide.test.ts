import { describe, expect, test } from "vitest";
import { DEFAULT_RESOURCES } from "../../../shared/injection/container-resources.ts";
import { appliedHashes } from "../../../shared/injection/own-parts.ts";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { decideMutation } from "../../../webhook/decide.ts";
import { admit, containersIn, edited, initContainersIn, namesIn, sidecarIn, templateOf, volumesIn } from "./apply.ts";
import { aBackup, aBatch, aDeployment, aRepository, aRestore, aView, SETTINGS } from "./builders.ts";

const BATCH_LABEL = "stash.appscode.com/backup-batch";
const JOINED = {
  labels: { [BATCH_LABEL]: "nightly" },
  annotations: { "stash.appscode.com/volume-mounts": "data:/data" },
};

describe("a workload that a BackupConfiguration names", () => {
  test("gets the sidecar after its own containers", () => {
    const { decision, workload } = admit({ backups: [aBackup()] });
    expect(decision).toMatchObject({ kind: "change", reasons: { backup: "Injected" } });
    expect(namesIn(containersIn(workload))).toEqual(["app", "stash"]);
  });

  test("is left alone the second time", () => {
    const once = admit({ backups: [aBackup()] }).workload;
    expect(admit({ workload: once, backups: [aBackup()] }).decision).toMatchObject({
      kind: "skip",
      reasons: { backup: "UpToDate" },
    });
  });

  test("L26: gets its bytes back when nothing names it any more, scratch volume and all", () => {
    const original = aDeployment();
    const injected = admit({ workload: original, backups: [aBackup()] }).workload;
    const { decision, workload } = admit({ workload: injected, old: injected });
    expect(decision).toMatchObject({ kind: "change", reasons: { backup: "Removed" } });
    expect(JSON.stringify(workload)).toBe(JSON.stringify(original));
  });

  test("loses the sidecar while its invoker is being deleted", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const backups = [aBackup({ metadata: { deletionTimestamp: "2024-05-01T00:00:00Z" } })];
    expect(admit({ workload: injected, old: injected, backups }).decision.reasons.backup).toBe("Removed");
  });

  test("L21: keeps its pods when schedule, retention, history, retries, time limit, paths or hooks change", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const edits = [
      { spec: { schedule: "*/5 * * * *" } },
      { spec: { retentionPolicy: { name: "less", keepLast: 1, prune: true } } },
      { spec: { backupHistoryLimit: 9, timeOut: "30m", retryConfig: { maxRetry: 3 }, paused: true } },
      { spec: { hooks: { preBackup: { exec: { command: ["sync"] } } } } },
      { spec: { tempDir: { disableCaching: true } } },
      { target: { paths: ["/data/a", "/data/b"], exclude: ["*.tmp"], args: ["--one-file-system"], alias: "x" } },
      { metadata: { labels: { team: "a" } } },
    ];
    for (const edit of edits) {
      const { decision } = admit({ workload: injected, old: injected, backups: [aBackup(edit)] });
      expect(decision, JSON.stringify(edit)).toMatchObject({ kind: "skip", reasons: { backup: "UpToDate" } });
    }
  });

  test("L35: gets a new template when what only a new pod can have changes: mounts, settings, scratch volume, Secret", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const edits = [
      aBackup({ target: { volumeMounts: [{ name: "data", mountPath: "/elsewhere" }] } }),
      aBackup({ spec: { runtimeSettings: { container: { resources: { limits: { cpu: "1" } } } } } }),
      aBackup({ spec: { tempDir: { medium: "Memory" } } }),
      aBackup({ repository: aRepository({ spec: { backend: { storageSecretName: "other" } } }) }),
    ];
    for (const backup of edits) {
      const { decision } = admit({ workload: injected, old: injected, backups: [backup] });
      expect(decision).toMatchObject({ kind: "change", reasons: { backup: "Refreshed" } });
    }
  });

  test("keeps the sidecar while its Repository is missing", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const { decision } = admit({ workload: injected, old: injected, backups: [aBackup({ repository: null })] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "RepositoryMissing" } });
    expect(decision.kind === "skip" && decision.warnings.join()).toContain("Repository demo/repo does not exist");
  });

  test("may still take away a volume that only the sidecar needs, whatever is wrong with the Repository", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const without = edited(injected, (podSpec) => {
      podSpec["volumes"] = volumesIn(injected).filter(({ name }) => name !== "data");
      podSpec["containers"] = containersIn(injected).map((container) =>
        container["name"] === "app" ? { ...container, volumeMounts: [] } : container,
      );
    });
    for (const backup of [aBackup(), aBackup({ repository: null })]) {
      const { decision, workload } = admit({ workload: without, old: injected, backups: [backup] });
      expect(decision.kind).toBe("change");
      expect(namesIn(containersIn(workload))).toEqual(["app"]);
    }
  });
});

describe("a sidecar that is there already", () => {
  test("is put back as it was when a manifest without it is sent again", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const newer = { ...SETTINGS, image: "registry.test/stash-batch:2.0.0" };
    const again = admit({ workload: aDeployment(), old: injected, backups: [aBackup()], settings: newer });
    expect(JSON.stringify(again.workload)).toBe(JSON.stringify(injected));
  });

  test("L31: gets a new image with the workload's next own change, not before", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const settings = { ...SETTINGS, image: "registry.test/stash-batch:2.0.0" };
    const untouched = admit({ workload: injected, old: injected, backups: [aBackup()], settings });
    expect(untouched.decision).toMatchObject({ kind: "skip", reasons: { backup: "UpToDate" } });
    const changed = edited(injected, (_spec, template) => {
      template["metadata"] = { ...Object(template["metadata"]), labels: { app: "web", version: "2" } };
    });
    const { decision, workload } = admit({ workload: changed, old: injected, backups: [aBackup()], settings });
    expect(decision.reasons.backup).toBe("Refreshed");
    expect(sidecarIn(workload)["image"]).toBe("registry.test/stash-batch:2.0.0");
  });

  test("C1: gets other default resources with the workload's next own change, not before", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const sidecar = { requests: { cpu: "99m" } };
    const settings = { ...SETTINGS, resources: { ...DEFAULT_RESOURCES, sidecar } };
    const given = { backups: [aBackup()], settings };
    expect(admit({ ...given, workload: injected, old: injected }).decision.kind).toBe("skip");
    const again = admit({ ...given, workload: aDeployment(), old: injected });
    expect(JSON.stringify(again.workload)).toBe(JSON.stringify(injected));
    const changed = edited(injected, (spec) => {
      spec["dnsPolicy"] = "Default";
    });
    expect(sidecarIn(admit({ ...given, workload: changed, old: injected }).workload)["resources"]).toEqual(sidecar);
  });

  test("C1: that had no resources before an upgrade is left alone until its workload changes", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const before = edited(injected, (spec) => {
      const containers = objectsAt(spec, "containers");
      spec["containers"] = containers.map((one) => (one["name"] === "stash" ? { ...one, resources: {} } : one));
    });
    expect(admit({ workload: before, old: before, backups: [aBackup()] }).decision.kind).toBe("skip");
    const changed = edited(before, (spec) => {
      spec["dnsPolicy"] = "Default";
    });
    const { workload } = admit({ workload: changed, old: before, backups: [aBackup()] });
    expect(sidecarIn(workload)["resources"]).toEqual(DEFAULT_RESOURCES.sidecar);
  });

  test("L31: gets a new image at once where the installation says so", () => {
    const settings = { ...SETTINGS, followsImage: true };
    const injected = admit({ backups: [aBackup()], settings }).workload;
    const newer = { ...settings, image: "registry.test/stash-batch:2.0.0" };
    const { decision, workload } = admit({ workload: injected, old: injected, backups: [aBackup()], settings: newer });
    expect(decision.reasons.backup).toBe("Refreshed");
    expect(sidecarIn(workload)["image"]).toBe("registry.test/stash-batch:2.0.0");
  });

  test("L28: keeps nothing of settings that were taken back", () => {
    const container = { securityContext: { runAsUser: 1234 }, livenessProbe: { exec: { command: ["true"] } } };
    const with_ = admit({ backups: [aBackup({ spec: { runtimeSettings: { container } } })] }).workload;
    const { workload } = admit({ workload: with_, old: with_, backups: [aBackup()] });
    expect(sidecarIn(workload)).not.toHaveProperty("livenessProbe");
    expect(JSON.stringify(sidecarIn(workload))).not.toContain("1234");
  });

  test("moves to the init-containers and back as the installation says", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const settings = { ...SETTINGS, nativeSidecar: true };
    const native = admit({ workload: injected, old: injected, backups: [aBackup()], settings }).workload;
    expect(namesIn(containersIn(native))).toEqual(["app"]);
    expect(initContainersIn(native)).toMatchObject([{ name: "stash", restartPolicy: "Always" }]);
    const back = admit({ workload: native, old: native, backups: [aBackup()] }).workload;
    expect(JSON.stringify(back)).toBe(JSON.stringify(injected));
  });

  test("is built anew in a copy of the workload under another name", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const copy = { ...injected, metadata: { name: "copy", namespace: "demo" } };
    const backup = aBackup({ target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "copy" } } });
    const { workload } = admit({ workload: copy, backups: [backup] });
    expect(sidecarIn(workload)["args"]).toContain("--target-name=copy");
  });

  test("of upstream Stash is taken over in its place, not doubled", () => {
    const upstream = aDeployment({
      metadata: {
        annotations: {
          "stash.appscode.com/last-applied-backup-invoker": "{}",
          "stash.appscode.com/last-applied-backup-invoker-kind": "BackupConfiguration",
          mine: "1",
        },
      },
      podSpec: {
        containers: [
          { name: "first", image: "a" },
          {
            name: "stash",
            image: "stashed/stash:v0.35",
            args: ["run-backup", "--invoker-name=web-backup"],
            livenessProbe: {},
          },
          { name: "last", image: "b", volumeMounts: [{ name: "data", mountPath: "/data" }] },
        ],
        volumes: [
          { name: "stash-tmp-dir", emptyDir: { sizeLimit: "1Gi" } },
          { name: "data", emptyDir: {} },
        ],
      },
    });
    const { decision, workload } = admit({ workload: upstream, old: upstream, backups: [aBackup()] });
    expect(decision.reasons.backup).toBe("Adopted");
    expect(namesIn(containersIn(workload))).toEqual(["first", "stash", "last"]);
    expect(namesIn(volumesIn(workload)).filter((name) => name === "stash-tmp-dir")).toHaveLength(1);
    expect(sidecarIn(workload)).not.toHaveProperty("livenessProbe");
    expect(workload).toMatchObject({ metadata: { annotations: { mine: "1" } } });
    expect(JSON.stringify(workload)).not.toContain("last-applied-backup-invoker-kind");
  });
});

test("L26: what upstream Stash added goes without a trace, also the volumes that it leaves itself", () => {
  const left = aDeployment({
    podSpec: {
      containers: [...containersIn(aDeployment()), { name: "stash", image: "i", args: ["run-backup"] }],
      volumes: [
        ...volumesIn(aDeployment()),
        { name: "stash-tmp-dir", emptyDir: {} },
        { name: "stash-scratchdir", emptyDir: {} },
      ],
    },
  });
  const { decision, workload } = admit({ workload: left, old: left });
  expect(decision.reasons.backup).toBe("Removed");
  expect(JSON.stringify(workload)).toBe(JSON.stringify(aDeployment()));
});

describe("a workload that joins a batch by label", () => {
  test("gets the sidecar for what its annotations say", () => {
    const { workload } = admit({ workload: aDeployment({ metadata: JOINED }), backups: [aBatch()] });
    expect(sidecarIn(workload)["volumeMounts"]).toContainEqual({ name: "data", mountPath: "/data" });
    expect(sidecarIn(workload)["args"]).toContain("--invoker-name=nightly");
  });

  test("goes in with a warning while the batch does not exist", () => {
    const { decision } = admit({ workload: aDeployment({ metadata: JOINED }) });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "BatchMissing" } });
    expect(decision.kind === "skip" && decision.warnings.join()).toContain("names BackupBatch demo/nightly");
  });

  test("is refused with the reason and the fix when what it says is wrong", () => {
    const annotations = { "stash.appscode.com/volume-mounts": "data" };
    const workload = aDeployment({ metadata: { ...JOINED, annotations } });
    const decision = decideMutation(aView({ workload, backups: [aBatch()] }));
    expect(decision).toMatchObject({ kind: "deny", reasons: { backup: "AnnotationInvalid" } });
    expect(decision.kind === "deny" && decision.message).toContain("volume:mountPath");
  });

  test("is refused when it mounts a volume that it does not have", () => {
    const annotations = { "stash.appscode.com/volume-mounts": "dta:/data" };
    const decision = decideMutation(
      aView({ workload: aDeployment({ metadata: { ...JOINED, annotations } }), backups: [aBatch()] }),
    );
    expect(decision).toMatchObject({ kind: "deny", reasons: { backup: "VolumeMissing" } });
    expect(decision.kind === "deny" && decision.message).toContain("Name one of its volumes: data.");
  });

  test("may still be updated by controllers when what it says is wrong", () => {
    const workload = aDeployment({ metadata: { ...JOINED, annotations: { "stash.appscode.com/volume-mounts": "x" } } });
    expect(decideMutation(aView({ workload, old: workload, backups: [aBatch()] })).kind).toBe("skip");
  });

  test("is not a second member of a batch that names it", () => {
    const batch = aBatch({
      spec: {
        members: [
          {
            target: {
              ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
              volumeMounts: [{ name: "data", mountPath: "/named" }],
            },
          },
        ],
      },
    });
    const { workload } = admit({ workload: aDeployment({ metadata: JOINED }), backups: [batch] });
    expect(JSON.stringify(sidecarIn(workload)["volumeMounts"])).not.toContain('"/data"');
  });
});

describe("what is left alone", () => {
  test("a workload that nothing names", () => {
    expect(admit().decision).toEqual({ kind: "skip", reasons: { backup: "NoInvoker" }, warnings: [] });
  });

  test("a workload that is being deleted", () => {
    const workload = aDeployment({ metadata: { deletionTimestamp: "2024-05-01T00:00:00Z" } });
    expect(admit({ workload, backups: [aBackup()] }).decision.reasons.backup).toBe("BeingDeleted");
  });

  test("a workload or namespace that opts out; and what was injected before goes", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const optOut = { "stash.appscode.com/inject": "disabled" };
    const namespace = { annotations: optOut };
    expect(admit({ backups: [aBackup()], namespace }).decision.reasons.backup).toBe("OptedOut");
    expect(admit({ backups: [aBackup()], namespace: { labels: optOut } }).decision.reasons.backup).toBe("OptedOut");
    const own = aDeployment({ metadata: { annotations: optOut } });
    expect(admit({ workload: own, backups: [aBackup()] }).decision.reasons.backup).toBe("OptedOut");
    const removed = admit({ workload: injected, old: injected, backups: [aBackup()], namespace });
    expect(removed.decision.reasons.backup).toBe("Removed");
    expect(JSON.stringify(removed.workload)).toBe(JSON.stringify(aDeployment()));
  });

  test("a workload whose member names a task, or whose invoker takes volume snapshots", () => {
    const byTask = aBackup({ spec: { task: { name: "pvc-backup" } } });
    const bySnapshot = aBackup({ spec: { driver: "VolumeSnapshotter" } });
    expect(admit({ backups: [byTask] }).decision).toMatchObject({ reasons: { backup: "JobModel" }, warnings: [] });
    expect(admit({ backups: [bySnapshot] }).decision).toMatchObject({
      reasons: { backup: "OtherDriver" },
      warnings: [],
    });
  });

  test("everything while the caches are read; what asked by label is told to come again", () => {
    expect(admit({ isSynced: false, backups: [aBackup()] }).decision.reasons.backup).toBe("CachesNotSynced");
    const labelled = aDeployment({ metadata: JOINED });
    expect(decideMutation(aView({ workload: labelled, isSynced: false })).kind).toBe("deny");
    expect(decideMutation(aView({ workload: labelled, old: labelled, isSynced: false })).kind).toBe("skip");
  });

  test("a workload of an invoker in another namespace", () => {
    const elsewhere = aBackup({
      metadata: { namespace: "ops" },
      target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" } },
    });
    const onlySameName = aBackup({ metadata: { namespace: "ops" } });
    const { decision } = admit({ backups: [onlySameName, elsewhere] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "NoInvoker" } });
  });
});

describe("obstacles", () => {
  test("a container of the application's own that has our name is kept, and no other is added", () => {
    const workload = aDeployment({ podSpec: { containers: [{ name: "stash", image: "bitbucket" }] } });
    const { decision } = admit({ workload, backups: [aBackup({ target: { volumeMounts: [] } })] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "NameTaken" } });
  });

  test("a volume of the application's own that has our name is kept", () => {
    const workload = aDeployment({
      podSpec: {
        containers: [{ name: "app", volumeMounts: [{ name: "stash-tmp-dir", mountPath: "/x" }] }],
        volumes: [{ name: "stash-tmp-dir", secret: { secretName: "s" } }],
      },
    });
    const { decision } = admit({ workload, backups: [aBackup({ target: { volumeMounts: [] } })] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "NameTaken" } });
  });

  test("pods that run Windows get no container", () => {
    const byField = aDeployment({ podSpec: { os: { name: "windows" } } });
    const bySelector = aDeployment({ podSpec: { nodeSelector: { "kubernetes.io/os": "windows" } } });
    const affinityOf = (...systems: readonly (readonly string[])[]) => {
      const terms = systems.map((values) => ({
        matchExpressions: [
          { key: "kubernetes.io/arch", operator: "In", values: ["amd64"] },
          { key: "kubernetes.io/os", operator: "In", values },
        ],
      }));
      const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
      return aDeployment({ podSpec: { affinity: { nodeAffinity } } });
    };
    for (const workload of [byField, bySelector, affinityOf(["windows"]), affinityOf(["windows"], ["windows"])]) {
      expect(admit({ workload, backups: [aBackup()] }).decision.reasons.backup).toBe("OtherOperatingSystem");
    }
    for (const workload of [
      affinityOf(["linux"]),
      affinityOf(["windows"], ["linux"]),
      affinityOf(["linux", "windows"]),
    ])
      expect(admit({ workload, backups: [aBackup()] }).decision.reasons.backup).toBe("Injected");
  });

  test("a workload whose name the API server has still to make waits for it", () => {
    const workload = aDeployment({ metadata: { ...JOINED, name: undefined, generateName: "web-" } });
    expect(admit({ workload, backups: [aBatch()] }).decision.reasons.backup).toBe("NameMissing");
  });

  test("an invoker of a Repository that does not allow the namespace is told so", () => {
    const repository = aRepository({ metadata: { namespace: "vault" } });
    const { decision } = admit({ backups: [aBackup({ repository })] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "RepositoryNotAllowed" } });
  });

  test("one invoker in trouble does not keep the sidecar from serving another", () => {
    const broken = aBackup({ name: "broken", target: { volumeMounts: [{ name: "gone", mountPath: "/gone" }] } });
    const { decision, workload } = admit({ backups: [broken, aBackup()] });
    expect(decision.reasons.backup).toBe("Injected");
    expect(decision.kind === "change" && decision.warnings.join()).toContain("mounts gone");
    expect(JSON.stringify(sidecarIn(workload))).not.toContain("/gone");
    expect(appliedHashes(templateOf(workload)).backup).toMatch(/^\d+$/);
  });
});

describe("settings that no API server accepts, admitted before anyone looked", () => {
  const resources = { requests: { cpu: "2" }, limits: { cpu: "1" } };
  const bad = aBackup({ spec: { runtimeSettings: { container: { resources } } } });

  test("C3: are not injected, and the owner hears why", () => {
    const { decision, workload } = admit({ backups: [bad] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "SettingsInvalid" } });
    expect(decision.kind === "skip" && decision.warnings.join()).toContain(
      "resources.requests.cpu 2 is above the limit 1",
    );
    expect(namesIn(containersIn(workload))).toEqual(["app"]);
  });

  test("C3: leave the container that is there as it is, also when the owner changes the workload", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const changed = edited(injected, (spec) => {
      spec["dnsPolicy"] = "Default";
    });
    const { decision, workload } = admit({ workload: changed, old: injected, backups: [bad] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "SettingsInvalid" } });
    expect(sidecarIn(workload)).toEqual(sidecarIn(injected));
  });

  test("C3: a sub-path of an annotation that leads out of its volume is refused with the workload that has it", () => {
    const annotations = { "stash.appscode.com/volume-mounts": "data:/data:../other" };
    const workload = aDeployment({ metadata: { ...JOINED, annotations } });
    const decision = decideMutation(aView({ workload, backups: [aBatch()] }));
    expect(decision).toMatchObject({ kind: "deny" });
    expect(decision.kind === "deny" && decision.message).toContain("leads out of the volume");
  });

  test("C3: the init-container of a restore has no probes, which it may not have", () => {
    const exec = { exec: { command: ["true"] } };
    const container = { livenessProbe: exec, readinessProbe: exec, lifecycle: { preStop: exec } };
    const { workload } = admit({ restores: [aRestore({ spec: { runtimeSettings: { container } } })] });
    for (const field of Object.keys(container)) expect(initContainersIn(workload)[0]).not.toHaveProperty(field);
  });
});
