import { describe, expect, test } from "vitest";
import { decideMutation } from "../../../webhook/decide.ts";
import { admit, edited, initContainersIn, namesIn, restoreInitIn, sidecarIn, templateOf, volumesIn } from "./apply.ts";
import { aBackup, aDeployment, aRepository, aRestore, aView } from "./builders.ts";

const withOtherImage = <T>(workload: T) =>
  edited(workload, (podSpec) => {
    const containers = podSpec["containers"];
    const [first, ...others] = Array.isArray(containers) ? containers : [];
    podSpec["containers"] = [{ ...first, image: "nginx:1.26" }, ...others];
  });

const requesting = (workload: object, uid: string) => ({
  ...workload,
  metadata: {
    ...Object(Reflect.get(workload, "metadata")),
    annotations: { "stash.appscode.com/requested-restore": uid },
  },
});

describe("a workload that is created while a restore names it", () => {
  test("waits for its data: the init-container comes before all others", () => {
    const own = aDeployment({ podSpec: { initContainers: [{ name: "migrate", image: "m" }] } });
    const { decision, workload } = admit({ workload: own, restores: [aRestore()] });
    expect(decision.reasons.restore).toBe("RestoreInjected");
    expect(namesIn(initContainersIn(workload))).toEqual(["stash-init", "migrate"]);
    expect(restoreInitIn(workload)["args"]).toEqual([
      "restore",
      "--invoker-kind=RestoreSession",
      "--invoker-name=web-restore",
      "--target-kind=Deployment",
      "--target-name=web",
      "--target-namespace=demo",
    ]);
  });

  test("gets the sidecar too where a backup names it, and both share one scratch volume", () => {
    const restore = aRestore({ spec: { tempDir: { sizeLimit: "9Gi" } } });
    const { workload } = admit({
      backups: [aBackup({ spec: { tempDir: { sizeLimit: "1Gi" } } })],
      restores: [restore],
    });
    expect(namesIn(volumesIn(workload)).filter((name) => name === "stash-tmp-dir")).toHaveLength(1);
    expect(volumesIn(workload)).toContainEqual({ name: "stash-tmp-dir", emptyDir: { sizeLimit: "1Gi" } });
    expect(sidecarIn(workload)["name"]).toBe("stash");
    const again = admit({
      workload,
      backups: [aBackup({ spec: { tempDir: { sizeLimit: "1Gi" } } })],
      restores: [restore],
    });
    expect(again.decision).toMatchObject({ kind: "skip", reasons: { backup: "UpToDate", restore: "UpToDate" } });
  });

  test("waits also while the Repository is missing, and gets its Secret when it is there and the turn comes", () => {
    const held = admit({ restores: [aRestore({ repository: null })] });
    expect(held.decision.reasons.restore).toBe("RestoreInjected");
    expect(JSON.stringify(held.workload)).not.toContain("stash-secret-");
    const requested = requesting(held.workload, "uid-web-restore");
    const { workload } = admit({ workload: requested, old: held.workload, restores: [aRestore()] });
    expect(JSON.stringify(restoreInitIn(workload))).toContain("/etc/stash/repository/backend");
  });

  test("is refused when its data can't be mounted, unless the restore lets it start without", () => {
    const target = { volumeMounts: [{ name: "gone", mountPath: "/data" }] };
    const refused = decideMutation(aView({ restores: [aRestore({ target })] }));
    expect(refused).toMatchObject({ kind: "deny", reasons: { restore: "VolumeMissing" } });
    expect(refused.kind === "deny" && refused.message).toContain("would start without its data");
    const started = decideMutation(aView({ restores: [aRestore({ target, spec: { onFailure: "Start" } })] }));
    expect(started.kind).toBe("skip");
  });

  test("starts at once when the restore has ended", () => {
    for (const phase of ["Succeeded", "Failed", "Unknown"]) {
      expect(admit({ restores: [aRestore({ phase })] }).decision.kind, phase).toBe("skip");
    }
  });

  test("L46: is not restored by an init-container when the driver takes volume snapshots or a task is named", () => {
    const restores = [aRestore({ spec: { driver: "VolumeSnapshotter" } }), aRestore({ spec: { task: { name: "t" } } })];
    for (const restore of restores) expect(admit({ restores: [restore] }).decision.kind).toBe("skip");
  });

  test("L40: of two restores the older one that has not ended comes first, whatever their phases", () => {
    const older = aRestore({ name: "older", metadata: { creationTimestamp: "2024-01-01T00:00:00Z" } });
    const newer = aRestore({ name: "newer", phase: "Running" });
    const ended = aRestore({
      name: "ended",
      phase: "Succeeded",
      metadata: { creationTimestamp: "2023-01-01T00:00:00Z" },
    });
    const { workload } = admit({ restores: [newer, ended, older] });
    expect(restoreInitIn(workload)["args"]).toContain("--invoker-name=older");
  });
});

describe("a running workload that a restore names", () => {
  const running = aDeployment();

  test("is held until its turn", () => {
    const { decision } = admit({ workload: running, old: running, restores: [aRestore()] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { restore: "HeldForTurn" } });
  });

  test("is changed by its owner without being restored before its turn", () => {
    const { decision } = admit({ workload: withOtherImage(running), old: running, restores: [aRestore()] });
    expect(decision.reasons.restore).toBe("HeldForTurn");
  });

  test("gets the init-container when the reconciler announces its turn", () => {
    const requested = requesting(running, "uid-web-restore");
    const { decision, workload } = admit({ workload: requested, old: running, restores: [aRestore()] });
    expect(decision.reasons.restore).toBe("RestoreInjected");
    expect(admit({ workload, old: workload, restores: [aRestore()] }).decision.kind).toBe("skip");
  });

  test("is not restored for an announcement of another restore", () => {
    const requested = requesting(running, "uid-of-last-year");
    expect(admit({ workload: requested, old: running, restores: [aRestore()] }).decision.reasons.restore).toBe(
      "HeldForTurn",
    );
  });
});

describe("a workload that waits for its data", () => {
  const waiting = admit({ restores: [aRestore()] }).workload;

  test("keeps waiting through its owner's changes, with mounts that follow them", () => {
    const restores = [aRestore({ phase: "Running" })];
    expect(admit({ workload: withOtherImage(waiting), old: waiting, restores }).decision.kind).toBe("skip");
    const renamed = edited(waiting, (podSpec) => {
      podSpec["securityContext"] = { runAsUser: 1000 };
    });
    const { decision, workload } = admit({ workload: renamed, old: waiting, restores });
    expect(decision.reasons.restore).toBe("RestoreInjected");
    expect(restoreInitIn(workload)).toMatchObject({ securityContext: { runAsUser: 1000 } });
  });

  test("keeps waiting when a manifest that does not know of the init-container is sent", () => {
    for (const sent of [aDeployment(), withOtherImage(aDeployment())]) {
      const { workload } = admit({ workload: sent, old: waiting, restores: [aRestore({ phase: "Running" })] });
      expect(namesIn(initContainersIn(workload))).toEqual(["stash-init"]);
    }
  });

  test("L37: keeps waiting after a failed restore through any change, until the restore is gone or says Start", () => {
    const failed = aRestore({ phase: "Failed" });
    for (const sent of [withOtherImage(waiting), aDeployment(), withOtherImage(aDeployment())]) {
      const { workload } = admit({ workload: sent, old: waiting, restores: [failed] });
      expect(namesIn(initContainersIn(workload))).toEqual(["stash-init"]);
    }
    for (const restores of [[], [aRestore({ phase: "Failed", spec: { onFailure: "Start" } })]]) {
      const { workload } = admit({ workload: withOtherImage(waiting), old: waiting, restores });
      expect(initContainersIn(workload)).toEqual([]);
    }
  });

  test("is released for good by a later restore that succeeded", () => {
    const restores = [
      aRestore({ phase: "Failed" }),
      aRestore({ name: "second", phase: "Succeeded", metadata: { creationTimestamp: "2024-02-01T00:00:00Z" } }),
    ];
    const { workload } = admit({ workload: withOtherImage(waiting), old: waiting, restores });
    expect(initContainersIn(workload)).toEqual([]);
  });

  test("L39: drops the init-container of an ended restore with its next own change, never by itself", () => {
    const restores = [aRestore({ phase: "Succeeded" })];
    for (const ended of [restores, []]) {
      const untouched = admit({ workload: waiting, old: waiting, restores: ended });
      expect(templateOf(untouched.workload)).toEqual(templateOf(waiting));
      expect(admit({ workload: untouched.workload, old: waiting, restores: ended }).decision.kind).toBe("skip");
    }
    const { decision, workload } = admit({ workload: withOtherImage(waiting), old: waiting, restores });
    expect(decision.reasons.restore).toBe("RestoreRemoved");
    expect(JSON.stringify(workload)).toBe(JSON.stringify(withOtherImage(aDeployment())));
  });

  describe("E10: and whose restore was deleted", () => {
    const ASK = "none/RestoreSession/web-restore";
    const backup = aBackup({});
    const withBackup = admit({ backups: [backup], restores: [aRestore()] }).workload;

    test("loses the init-container when the reconciler asks for it, and is what its owner wrote", () => {
      for (const restores of [[], [aRestore({ name: "other", phase: "Succeeded" })]]) {
        const { decision, workload } = admit({ workload: requesting(waiting, ASK), old: waiting, restores });
        expect(decision.reasons.restore).toBe("RestoreRemoved");
        expect(JSON.stringify(templateOf(workload))).toBe(JSON.stringify(templateOf(aDeployment())));
      }
    });

    test("keeps its sidecar", () => {
      const { workload } = admit({ workload: requesting(withBackup, ASK), old: withBackup, backups: [backup] });
      expect(initContainersIn(workload)).toEqual([]);
      const never = admit({ backups: [backup] }).workload;
      expect(JSON.stringify(templateOf(workload))).toBe(JSON.stringify(templateOf(never)));
    });

    test.each([
      ["its restore is there, whatever became of it", ASK, [aRestore({ phase: "Succeeded" })]],
      ["its restore holds pods", ASK, [aRestore({ phase: "Failed" })]],
      ["its restore is open", ASK, [aRestore({ phase: "Running" })]],
      ["its restore was made anew", ASK, [aRestore({ metadata: { uid: "uid-reborn" } })]],
      ["another restore is open", ASK, [aRestore({ name: "other" })]],
      ["what is asked for is another's", "none/RestoreSession/other", []],
      ["what is asked for is of another kind", "none/RestoreBatch/web-restore", []],
      ["nobody asks", "", []],
    ])("keeps it while %s", (_, ask, restores) => {
      const { workload } = admit({ workload: requesting(waiting, ask), old: waiting, restores });
      expect(templateOf(workload)).toEqual(templateOf(waiting));
    });

    test("keeps one that does not tell whose it is", () => {
      const unnamed = edited(waiting, (podSpec) => {
        podSpec["initContainers"] = [{ name: "stash-init", image: "i", args: ["restore"] }];
      });
      const { workload } = admit({ workload: requesting(unnamed, "none//"), old: unnamed });
      expect(namesIn(initContainersIn(workload))).toEqual(["stash-init"]);
    });

    test("gets it from the next restore, though the request for the last one is still there", () => {
      const asked = requesting(aDeployment(), ASK);
      const { decision } = admit({ workload: asked, restores: [aRestore()] });
      expect(decision.reasons.restore).toBe("RestoreInjected");
    });
  });

  test("is restored again by a new restore at its turn, also one of the same name", () => {
    const ended = aRestore({ phase: "Succeeded" });
    const second = aRestore({ name: "second" });
    const reborn = aRestore({ metadata: { uid: "uid-reborn" } });
    for (const restore of [second, reborn]) {
      const before = admit({ workload: waiting, old: waiting, restores: [ended, restore] });
      expect(before.decision.reasons).toMatchObject({ restore: "HeldForTurn" });
      expect(templateOf(before.workload)).toEqual(templateOf(waiting));
      const requested = requesting(waiting, restore.invoker.uid);
      const { decision, workload } = admit({ workload: requested, old: waiting, restores: [ended, restore] });
      expect(decision.reasons.restore).toBe("RestoreInjected");
      expect(restoreInitIn(workload)["args"]).toContain(`--invoker-name=${restore.invoker.name}`);
    }
  });

  test("is not waited for by an owner's change when the open restore is another one", () => {
    const restores = [aRestore({ phase: "Succeeded" }), aRestore({ name: "second" })];
    const { decision, workload } = admit({ workload: withOtherImage(waiting), old: waiting, restores });
    expect(decision.reasons.restore).toBe("RestoreRemoved");
    expect(initContainersIn(workload)).toEqual([]);
  });

  test("may lose a volume that only the ended restore mounts", () => {
    const without = edited(waiting, (podSpec) => {
      podSpec["volumes"] = volumesIn(waiting).filter(({ name }) => name !== "data");
    });
    const { workload } = admit({ workload: without, old: without, restores: [aRestore({ phase: "Succeeded" })] });
    expect(initContainersIn(workload)).toEqual([]);
  });
});

test("L25: pull secrets and the update strategy of the workload stay as they are", () => {
  const workload = aDeployment({
    podSpec: { imagePullSecrets: [{ name: "mine" }] },
    spec: { strategy: { type: "Recreate" } },
  });
  const { workload: after } = admit({ workload, backups: [aBackup()], restores: [aRestore()] });
  expect(after).toMatchObject({
    spec: { strategy: { type: "Recreate" }, template: { spec: { imagePullSecrets: [{ name: "mine" }] } } },
  });
});

test("L24: the update strategies of StatefulSets and DaemonSets stay as they are", () => {
  for (const kind of ["StatefulSet", "DaemonSet"]) {
    const workload = aDeployment({ kind, spec: { updateStrategy: { type: "OnDelete" } } });
    const target = { ref: { apiVersion: "apps/v1", kind, name: "web" } };
    const { decision, workload: after } = admit({ workload, backups: [aBackup({ target })], restores: [] });
    expect(decision.reasons.backup).toBe("Injected");
    expect(after).toMatchObject({ spec: { updateStrategy: { type: "OnDelete" } } });
  }
});

test("a Repository of another namespace is reached through the copy of its Secret", () => {
  const repository = aRepository({
    metadata: { namespace: "vault" },
    spec: { usagePolicy: { allowedNamespaces: { from: "All" } } },
  });
  const { workload } = admit({
    backups: [aBackup({ repository, spec: { repository: { name: "repo", namespace: "vault" } } })],
  });
  expect(JSON.stringify(sidecarIn(workload))).toMatch(/\/etc\/stash\/repository\/backend-[0-9a-z]{10}"/);
});
