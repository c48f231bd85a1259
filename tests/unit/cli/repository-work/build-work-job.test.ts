import { expect, test } from "vitest";
import { buildWorkJob, type WorkOrder } from "../../../../cli/repository-work/build-work-job.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";

const S3 = { storageSecretName: "backend", s3: { endpoint: "s3.example.com", bucket: "b" } };

function anOrder(backend: object, labels: Readonly<Record<string, string>> = {}): WorkOrder {
  return {
    repository: parseRepository({
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "store", namespace: "shop" },
      spec: { backend },
    }),
    namespace: { name: "shop", labels, annotations: {} },
    image: { image: "stash:1", command: undefined, pullSecrets: ["pull"] },
    what: "check",
    suffix: "0123abcd",
    args: ["restic", "check"],
    serviceAccount: undefined,
  };
}

test("it runs in the Repository's namespace, without a token, and mounts the Secret, which it does not name a value of", () => {
  const job = buildWorkJob(anOrder(S3));
  expect(job).toMatchObject({
    metadata: { name: "stash-check-store-0123abcd", namespace: "shop" },
    spec: {
      backoffLimit: 0,
      template: { spec: { automountServiceAccountToken: false, imagePullSecrets: [{ name: "pull" }] } },
    },
  });
  const [container] = job.spec.template.spec.containers;
  expect(container?.securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true });
  expect(JSON.stringify(job.spec.template.spec.volumes)).toContain('"secretName":"backend"');
  expect(container?.env.map(({ name }) => name)).toEqual(["STASH_REPOSITORY", "RESTIC_PROGRESS_FPS"]);
});

test("it belongs to no session: the reconciler takes it for nobody's", () => {
  expect(buildWorkJob(anOrder(S3)).metadata).not.toHaveProperty("ownerReferences");
});

test("a local backend's volume is mounted, as root where files are anybody's and the namespace lets it", () => {
  const local = {
    storageSecretName: "backend",
    local: { mountPath: "/safe/data", persistentVolumeClaim: { claimName: "c" } },
  };
  const [container] = buildWorkJob(anOrder(local)).spec.template.spec.containers;
  expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toContain("/safe/data");
  expect(container?.securityContext).toMatchObject({ runAsUser: 0, capabilities: { add: ["DAC_OVERRIDE"] } });
  const restricted = buildWorkJob(anOrder(local, { "pod-security.kubernetes.io/enforce": "restricted" }));
  expect(restricted.spec.template.spec.containers[0]?.securityContext).toMatchObject({ runAsNonRoot: true });
});

test("it runs as the user that the person names, unless the namespace forbids that", () => {
  const local = { storageSecretName: "backend", local: { mountPath: "/safe/data", hostPath: { path: "/mnt" } } };
  const runAs = { runAsUser: 1000, runAsGroup: 2000 };
  const userOf = (order: WorkOrder) => buildWorkJob(order).spec.template.spec.containers[0]?.securityContext;
  expect(userOf({ ...anOrder(local), runAs })).toMatchObject({
    ...runAs,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
  });
  const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
  const claim = {
    storageSecretName: "backend",
    local: { mountPath: "/safe/data", persistentVolumeClaim: { claimName: "c" } },
  };
  expect(userOf({ ...anOrder(claim, restricted), runAs: { runAsUser: 0 } })).toMatchObject({ runAsUser: 65534 });
});

test("a path where nothing of ours may be mounted is refused", () => {
  const local = { storageSecretName: "backend", local: { mountPath: "/etc", emptyDir: {} } };
  expect(() => buildWorkJob(anOrder(local))).toThrow(/can't be mounted/);
});
