import { describe, expect, test } from "vitest";
import { parseBackupBlueprint } from "../../../../shared/api/backup-blueprint.ts";
import { type BlueprintTarget, blueprintResultName, resolveBlueprint } from "../../../../shared/invoker/blueprint.ts";

const WORKLOAD = {
  "stash.appscode.com/backup-blueprint": "daily",
  "stash.appscode.com/target-paths": "/data, /var/log",
  "stash.appscode.com/volume-mounts": "data:/data,logs:/var/log:sub",
};
const NAMED = { "stash.appscode.com/backup-blueprint": "daily" };

function aBlueprint(spec: object = {}) {
  return parseBackupBlueprint({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBlueprint",
    metadata: { name: "daily" },
    spec: {
      backend: { storageSecretName: "s", s3: { endpoint: "e", bucket: "b", prefix: "p" } },
      schedule: "0 3 * * *",
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      ...spec,
    },
  });
}

function aTarget(facts: Partial<BlueprintTarget> = {}): BlueprintTarget {
  return { apiVersion: "apps/v1", kind: "Deployment", namespace: "demo", name: "web", annotations: WORKLOAD, ...facts };
}

const CLAIM = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files", annotations: NAMED };
const APP = {
  apiVersion: "appcatalog.appscode.com/v1alpha1",
  kind: "AppBinding",
  name: "db",
  annotations: NAMED,
  app: { type: "kubedb.com/postgres", version: "13.1" },
};

/** Keeps its Repositories, and so its Secret, in one namespace, and lets every target use them. */
const VAULT = { repoNamespace: "vault", allowedNamespaces: { from: "All" } };

const prefixOf = (prefix: string, target: BlueprintTarget) =>
  resolveBlueprint(
    aBlueprint({ backend: { storageSecretName: "s", s3: { endpoint: "e", bucket: "b", prefix } } }),
    target,
  ).repository.spec.backend?.s3?.prefix;

describe("what a blueprint makes", () => {
  test("of a Deployment: paths and mounts of its annotations", () => {
    const { repository, configuration } = resolveBlueprint(aBlueprint(), aTarget());
    expect(repository.metadata).toEqual({ name: "deploy-web", namespace: "demo" });
    expect(configuration.metadata).toEqual({ name: "deploy-web", namespace: "demo" });
    expect(configuration.spec).toMatchObject({
      schedule: "0 3 * * *",
      repository: { name: "deploy-web", namespace: "demo" },
      retentionPolicy: { keepLast: 5 },
      target: {
        ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" },
        paths: ["/data", "/var/log"],
        volumeMounts: [
          { name: "data", mountPath: "/data" },
          { name: "logs", mountPath: "/var/log", subPath: "sub" },
        ],
      },
    });
  });

  test("of a claim and an AppBinding: no paths are needed", () => {
    const claim = resolveBlueprint(aBlueprint(), aTarget(CLAIM)).configuration;
    expect(claim.metadata.name).toBe("pvc-files");
    expect(claim.spec.target).toEqual({
      ref: expect.objectContaining({ kind: "PersistentVolumeClaim", name: "files" }),
    });
    expect(resolveBlueprint(aBlueprint(), aTarget(APP)).configuration.metadata.name).toBe("app-db");
  });

  test("the schedule's annotation wins over the blueprint's", () => {
    const annotations = { ...WORKLOAD, "stash.appscode.com/schedule": "*/5 * * * *" };
    expect(resolveBlueprint(aBlueprint(), aTarget({ annotations })).configuration.spec.schedule).toBe("*/5 * * * *");
  });

  test("parameters of annotations win by name over those of the task", () => {
    const annotations = { ...NAMED, "params.stash.appscode.com/args": "--all", "params.stash.appscode.com/user": "me" };
    const task = {
      name: "${TARGET_APP_RESOURCE}-backup-${TARGET_APP_VERSION}",
      params: [
        { name: "args", value: "--one" },
        { name: "waitTimeout", value: "9" },
      ],
    };
    expect(resolveBlueprint(aBlueprint({ task }), aTarget({ ...APP, annotations })).configuration.spec.task).toEqual({
      name: "postgres-backup-13.1",
      params: [
        { name: "waitTimeout", value: "9" },
        { name: "args", value: "--all" },
        { name: "user", value: "me" },
      ],
    });
  });

  test("the blueprint's usagePolicy counts where it has one, and none is made beside the target", () => {
    const usagePolicy = { allowedNamespaces: { from: "All" } };
    const own = resolveBlueprint(aBlueprint({ ...VAULT, usagePolicy }), aTarget());
    expect(own.repository.spec.usagePolicy).toEqual(usagePolicy);
    expect(resolveBlueprint(aBlueprint(), aTarget()).repository.spec).not.toHaveProperty("usagePolicy");
  });

  test("a Repository that is kept in another namespace carries the target's in its name, and serves it alone", () => {
    const { repository, configuration } = resolveBlueprint(aBlueprint(VAULT), aTarget());
    expect(repository.metadata).toEqual({ name: "demo-deploy-web", namespace: "vault" });
    expect(repository.spec.usagePolicy).toEqual({
      allowedNamespaces: { from: "Selector", selector: { matchLabels: { "kubernetes.io/metadata.name": "demo" } } },
    });
    expect(configuration.spec.repository).toEqual({ name: "demo-deploy-web", namespace: "vault" });
    expect(configuration.metadata).toEqual({ name: "deploy-web", namespace: "demo" });
  });
});

describe("S11: who may name a blueprint", () => {
  const mayUse = (spec: object, namespace = "demo", labels: Readonly<Record<string, string>> = {}) => {
    try {
      resolveBlueprint(aBlueprint(spec), aTarget({ namespace }), labels);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: "NOT_ALLOWED" });
      return false;
    }
  };
  const byLabel = { from: "Selector", selector: { matchLabels: { team: "a" } } };
  const byName = (name: string) => ({
    from: "Selector",
    selector: { matchLabels: { "kubernetes.io/metadata.name": name } },
  });

  test("is everyone where its Secret is the target's own namespace's", () => {
    expect(mayUse({})).toBe(true);
  });

  test("is nobody else where its Secret is kept in one namespace, unless it says who", () => {
    const kept = { repoNamespace: "vault" };
    expect(mayUse(kept)).toBe(false);
    expect(mayUse(kept, "vault")).toBe(true);
    expect(mayUse({ ...kept, usagePolicy: { allowedNamespaces: { from: "All" } } })).toBe(false);
    expect(mayUse({ ...kept, allowedNamespaces: {} })).toBe(false);
    expect(mayUse({ ...kept, allowedNamespaces: { from: "Same" } })).toBe(false);
    expect(mayUse({ ...kept, allowedNamespaces: { from: "All" } })).toBe(true);
  });

  test("is told by labels of the namespace, which its users can't give it, and by its name", () => {
    const kept = { repoNamespace: "vault", allowedNamespaces: byLabel };
    expect(mayUse(kept)).toBe(false);
    expect(mayUse(kept, "demo", { team: "b" })).toBe(false);
    expect(mayUse(kept, "demo", { team: "a" })).toBe(true);
    expect(mayUse({ repoNamespace: "vault", allowedNamespaces: byName("demo") })).toBe(true);
    expect(
      mayUse({ repoNamespace: "vault", allowedNamespaces: byName("prod") }, "demo", {
        "kubernetes.io/metadata.name": "prod",
      }),
    ).toBe(false);
    expect(mayUse({ allowedNamespaces: byLabel }), "also without repoNamespace").toBe(false);
  });

  test("is not widened by variables, which take the target's words", () => {
    expect(mayUse({ repoNamespace: "vault", allowedNamespaces: byName("${TARGET_NAMESPACE}") })).toBe(false);
  });
});

test("S6a: annotations give no parameter the name of a variable of ours", () => {
  const annotations = { ...NAMED, "params.stash.appscode.com/TARGET_NAME": "payroll" };
  expect(() => resolveBlueprint(aBlueprint(), aTarget({ ...APP, annotations }))).toThrow(
    expect.objectContaining({ code: "VARIABLE_RESERVED" }),
  );
});

describe("variables", () => {
  test.each([
    ["${TARGET_NAMESPACE}/${TARGET_KIND}/${TARGET_NAME}", aTarget(), "demo/deployment/web"],
    ["${TARGET_API_VERSION}-${TARGET_RESOURCE}", aTarget({ kind: "StatefulSet" }), "apps/v1-statefulsets"],
    ["${TARGET_KIND}/${TARGET_NAME}", aTarget(CLAIM), "persistentvolumeclaim/files"],
    [
      "${TARGET_APP_GROUP}.${TARGET_APP_RESOURCE}.${TARGET_APP_TYPE}.${TARGET_APP_VERSION}",
      aTarget(APP),
      "kubedb.com.postgres.kubedb.com/postgres.13.1",
    ],
    ["${MINE:=x}", aTarget(), "x"],
  ])("%s", (text, target, expected) => {
    expect(prefixOf(text, target)).toBe(expected);
  });

  test("one that the target does not have is named with its place", () => {
    expect(() => prefixOf("${TARGET_APP_VERSION}", aTarget())).toThrow(
      "BackupBlueprint daily: spec.backend.s3.prefix: variable TARGET_APP_VERSION has no value",
    );
  });
});

describe("what can't be resolved", () => {
  test("a workload without paths and mounts", () => {
    expect(() => resolveBlueprint(aBlueprint(), aTarget({ annotations: NAMED }))).toThrow(
      "also needs stash.appscode.com/target-paths and stash.appscode.com/volume-mounts",
    );
  });

  test("a mount that is none", () => {
    const annotations = { ...WORKLOAD, "stash.appscode.com/volume-mounts": "data" };
    expect(() => resolveBlueprint(aBlueprint(), aTarget({ annotations }))).toThrow('"data" can\'t be read');
  });

  test("a backupNamespace that is not the target's", () => {
    expect(() => resolveBlueprint(aBlueprint({ backupNamespace: "other" }), aTarget(APP))).toThrow(
      "has a backupNamespace",
    );
    expect(
      resolveBlueprint(aBlueprint({ backupNamespace: "demo" }), aTarget(APP)).configuration.metadata.namespace,
    ).toBe("demo");
  });
});

test("the first of several blueprints uses upstream's name, each further one adds its own", () => {
  const target = aTarget({ annotations: { ...WORKLOAD, "stash.appscode.com/backup-blueprint": "daily, weekly" } });
  expect(blueprintResultName(target, "daily")).toBe("deploy-web");
  expect(blueprintResultName(target, "weekly")).toBe("deploy-web-weekly");
});
