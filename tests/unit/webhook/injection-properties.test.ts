/** What holds for every workload: 10,000 random ones, with random invokers, in random namespaces. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../../../shared/injection/workload.ts";
import { valueAt } from "../../../shared/json/value.ts";
import { admit, containersIn, initContainersIn, templateOf, volumesIn } from "./apply.ts";
import { aBackup, aRepository, aRestore, SETTINGS } from "./builders.ts";

const RUNS = 10_000;
const VOLUME_NAMES = ["data", "logs", "config", "tmp"];

/** Fields that no version of us knows. */
const unknownFields = fc.dictionary(
  fc.constantFrom("future", "x-vendor", "a/b~c", "zone", "0"),
  fc.jsonValue({ maxDepth: 2 }).filter((json) => !JSON.stringify(json).includes("__proto__")),
  { maxKeys: 2 },
);

const user = fc.record(
  { runAsUser: fc.constantFrom(0, 33, 999), runAsGroup: fc.constant(5), runAsNonRoot: fc.boolean() },
  { requiredKeys: [] },
);

const mounts = fc.uniqueArray(
  fc.record({ name: fc.constantFrom(...VOLUME_NAMES), mountPath: fc.constantFrom("/a", "/b", "/c", "/d") }),
  { selector: ({ mountPath }) => mountPath, maxLength: 3 },
);

const containers = (prefix: string, minLength: number) =>
  fc
    .array(fc.tuple(unknownFields, mounts, fc.option(user, { nil: undefined })), { minLength, maxLength: 3 })
    .map((list) =>
      list.map(([fields, volumeMounts, securityContext], index) => ({
        ...fields,
        name: `${prefix}${index}`,
        image: "i",
        ...(volumeMounts.length > 0 && { volumeMounts }),
        ...(securityContext !== undefined && { securityContext }),
      })),
    );

/** A mesh's proxy may be among them: then that is where a restore's network begins. */
const initContainers = fc
  .record({ list: containers("init", 1), place: fc.nat({ max: 6 }) })
  .map(({ list, place }): readonly JsonObject[] => {
    const proxy = { name: "istio-proxy", image: "i", restartPolicy: "Always" };
    return place > list.length ? list : list.toSpliced(place, 0, proxy);
  });

const volumes = fc
  .record({
    source: fc.constantFrom<JsonObject>(
      { emptyDir: {} },
      { persistentVolumeClaim: { claimName: "c" } },
      { hostPath: { path: "/var/log" } },
      { configMap: { name: "m" } },
    ),
    fields: unknownFields,
    isReversed: fc.boolean(),
  })
  .map(({ source, fields, isReversed }) => {
    const list = VOLUME_NAMES.map((name) => ({ ...fields, name, ...source }));
    return isReversed ? list.toReversed() : list;
  });

/** As the API server sends it: no list or map of the pod template is there and empty. */
const workload = fc
  .record({
    containers: containers("app", 1),
    initContainers: fc.option(initContainers, { nil: undefined }),
    volumes: fc.option(volumes, { nil: undefined }),
    annotations: fc.option(fc.constantFrom({ a: "1" }, { "x/y": "", b: "2" }), { nil: undefined }),
    podFields: unknownFields,
    templateFields: unknownFields,
    fields: unknownFields,
    strategy: fc.option(
      fc.constantFrom<JsonObject>(
        { type: "Recreate" },
        { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      ),
      { nil: undefined },
    ),
    pod: fc.option(user, { nil: undefined }),
  })
  .map((parts) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    ...parts.fields,
    metadata: { name: "web", namespace: "demo" },
    spec: {
      ...(parts.strategy && { strategy: parts.strategy }),
      template: {
        ...parts.templateFields,
        metadata: { labels: { app: "web" }, ...(parts.annotations && { annotations: parts.annotations }) },
        spec: {
          ...parts.podFields,
          ...(parts.volumes && { volumes: parts.volumes }),
          ...(parts.initContainers && { initContainers: parts.initContainers }),
          containers: parts.containers,
          ...(parts.pod && { securityContext: parts.pod }),
        },
      },
    },
  }));

const repository = fc
  .constantFrom<JsonObject>(
    { storageSecretName: "one", s3: { endpoint: "e", bucket: "b" } },
    { storageSecretName: "two", local: { hostPath: { path: "/own" }, mountPath: "/safe" } },
    { local: { nfs: { server: "n", path: "/" }, mountPath: "/safe/a", subPath: "s" } },
  )
  .map((backend) => aRepository({ spec: { backend } }));

const backup = fc
  .record({
    name: fc.constantFrom("b1", "b2", "b3"),
    createdAt: fc.constantFrom("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
    volumeMounts: mounts,
    repository,
    container: fc.record(
      {
        resources: fc.constant({ limits: { cpu: "1" } }),
        securityContext: user,
        env: fc.constant([{ name: "A", value: "1" }]),
      },
      { requiredKeys: [] },
    ),
    tempDir: fc.constantFrom({}, { medium: "Memory" }, { sizeLimit: "1Gi" }),
  })
  .map(({ name, createdAt, volumeMounts, repository, container, tempDir }) =>
    aBackup({
      name,
      repository,
      metadata: { creationTimestamp: createdAt },
      spec: { runtimeSettings: { container }, tempDir },
      target: { volumeMounts },
    }),
  );

const restore = fc
  .record({ volumeMounts: mounts, repository })
  .map(({ volumeMounts, repository }) => aRestore({ repository, target: { volumeMounts } }));

const world = fc.record({
  backups: fc.uniqueArray(backup, { maxLength: 3, selector: ({ invoker }) => invoker.name }),
  restores: fc.array(restore, { maxLength: 1 }),
  namespace: fc.constantFrom(
    {},
    { labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    { labels: { "pod-security.kubernetes.io/enforce": "baseline" } },
    { annotations: { "openshift.io/sa.scc.uid-range": "1/2" } },
  ),
  settings: fc.constantFrom(SETTINGS, { ...SETTINGS, nativeSidecar: true }, { ...SETTINGS, followsImage: true }),
});

const isOurs = ({ name }: JsonObject) => name === "stash" || name === "stash-init";
const hostPathsIn = (of: unknown) => volumesIn(of).filter(({ hostPath }) => hostPath !== undefined);

test("injection can be repeated and taken back, and touches nothing of the application's", { timeout: 120_000 }, () => {
  const seen = { changed: 0, both: 0, refused: 0, rootless: 0 };
  fc.assert(
    fc.property(workload, world, (original, known) => {
      let injected: unknown;
      try {
        injected = admit({ ...known, workload: original }).workload;
      } catch (refusal) {
        // A restore whose volume is missing.
        expect(String(refusal)).toContain("would start without its data");
        seen.refused++;
        return;
      }
      // With the init-container comes Recreate, and never without it.
      const isRecreate = valueAt(injected, "spec", "strategy", "type") === "Recreate";
      const isWaiting = initContainersIn(injected).some(({ name }) => name === "stash-init");
      expect(isRecreate).toBe(isWaiting || original.spec.strategy?.["type"] === "Recreate");
      const added = [...initContainersIn(injected), ...containersIn(injected)].filter(isOurs);
      if (added.length > 0) seen.changed++;
      if (added.length > 1) seen.both++;

      // Again, as an update and as the creation of a copy: nothing to do.
      for (const old of [injected, undefined]) {
        expect(admit({ ...known, workload: injected, old }).decision.kind).toBe("skip");
      }
      // Back: byte for byte.
      const settings = known.settings;
      expect(JSON.stringify(admit({ workload: injected, settings }).workload)).toBe(JSON.stringify(original));
      // The application's containers and volumes are what and where they were.
      const ownBefore = [initContainersIn(original), containersIn(original)];
      const ownAfter = [initContainersIn(injected), containersIn(injected)].map((list) =>
        list.filter((c) => !isOurs(c)),
      );
      expect(JSON.stringify(ownAfter)).toBe(JSON.stringify(ownBefore));
      expect(JSON.stringify(volumesIn(injected).slice(0, volumesIn(original).length))).toBe(
        JSON.stringify(volumesIn(original)),
      );
      // No right that nobody gave.
      expect(JSON.stringify(added)).not.toContain("privileged");
      const own = new Set(
        known.backups.concat().flatMap(({ repository }) => JSON.stringify(repository?.spec.backend?.local?.hostPath)),
      );
      for (const { repository } of known.restores) own.add(JSON.stringify(repository?.spec.backend?.local?.hostPath));
      for (const { hostPath } of hostPathsIn(injected).slice(hostPathsIn(original).length)) {
        expect(own).toContain(JSON.stringify(hostPath));
      }
      // A quota and an autoscaler find in each what they ask for.
      for (const { resources } of added) {
        for (const list of ["requests", "limits"]) {
          for (const name of ["cpu", "memory"]) expect(valueAt(resources, list, name)).toBeDefined();
        }
      }
      // Never root where the pod or the namespace forbids it.
      if (forbidsRoot(original) || isRestricted(known.namespace)) {
        seen.rootless += added.length;
        for (const { securityContext } of added) {
          expect(valueAt(securityContext, "runAsUser")).not.toBe(0);
          if (valueAt(securityContext, "runAsUser") === 65_534) {
            expect(valueAt(securityContext, "runAsNonRoot")).toBe(true);
          }
        }
      }
      // Names in lists stay unique, as the API server wants them.
      const names = volumesIn(injected).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const container of added) expect(mountPathsOf(container)).toEqual([...new Set(mountPathsOf(container))]);
      expect(templateOf(injected)["metadata"]).toMatchObject({ labels: { app: "web" } });
    }),
    { numRuns: RUNS },
  );
  // The generators reach what the properties are about.
  expect(seen.changed).toBeGreaterThan(RUNS / 4);
  expect(seen.both).toBeGreaterThan(RUNS / 20);
  expect(seen.refused).toBeGreaterThan(0);
  expect(seen.rootless).toBeGreaterThan(RUNS / 20);
});

function forbidsRoot(workload: unknown): boolean {
  return valueAt(templateOf(workload), "spec", "securityContext", "runAsNonRoot") === true;
}

function isRestricted(namespace: { readonly labels?: Readonly<Record<string, string>> }): boolean {
  return namespace.labels?.["pod-security.kubernetes.io/enforce"] === "restricted";
}

function mountPathsOf(container: JsonObject): readonly unknown[] {
  const list = container["volumeMounts"];
  return Array.isArray(list) ? list.map((mount) => Reflect.get(Object(mount), "mountPath")) : [];
}
