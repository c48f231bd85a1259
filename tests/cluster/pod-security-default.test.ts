/**
 * A cluster whose API server has Pod Security `restricted` as its own default: no label of a namespace tells so, and our programs learn it from
 * its answers alone. No node: what is made and what is refused is all that matters.
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { objectsAt } from "../../shared/injection/workload.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import {
  aBackupOf,
  aNamespace,
  anApplication,
  aPolicy,
  harmlessStage,
  STAGE_TIMEOUT_MS,
} from "../support/harmless/stage.ts";
import { waitForPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { type RunningControllers, startInvokerControllers } from "../support/reconciler/running-controllers.ts";
import { connectTo, readAuthority } from "../support/webhook/cluster-client.ts";
import {
  registerWebhook,
  startTestWebhook,
  type TestWebhook,
  untilNoticed,
} from "../support/webhook/running-webhook.ts";

const DEFAULTS = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: PodSecurity
    configuration:
      apiVersion: pod-security.admission.config.k8s.io/v1
      kind: PodSecurityConfiguration
      defaults: { enforce: restricted, enforce-version: latest }
`;

let dir: string;
let plane: ControlPlane;
let client: KubeClient;
let webhook: TestWebhook;
let controllers: RunningControllers;
const stage = harmlessStage(() => ({ client }));

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-defaults-"));
  const file = join(dir, "admission.yaml");
  await writeFile(file, DEFAULTS);
  plane = await startControlPlane({
    extraApiServerFlags: [`--admission-control-config-file=${file}`],
    scheduler: false,
  });
  client = await connectTo(plane.kubeconfigPath);
  const ca = await readAuthority(plane.kubeletCa);
  webhook = await startTestWebhook({ kubeconfigPath: plane.kubeconfigPath, ca });
  await registerWebhook(client, webhook.url, ca.certPem);
  await untilNoticed();
  controllers = await startInvokerControllers(client);
}, 120_000);

afterAll(async () => {
  await controllers?.stop();
  await webhook?.stop();
  client?.close();
  await plane?.stop();
  removeFolder(dir);
});

/** Meets the profile, and names no user. */
const RESTRICTED = {
  podSpec: { securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } },
  container: { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
};

const podWith = async (namespace: string, containers: readonly string[]) => {
  const at = { namespace, selector: "app=app", timeoutMs: STAGE_TIMEOUT_MS };
  const pods = await waitForPods(client, at, (all) => all.some((pod) => pod.containers.join() === containers.join()));
  return pods.find((pod) => pod.containers.join() === containers.join());
};

test("D9: what may run there gets a sidecar that may, though nothing says that it has to be so", async () => {
  const ns = "default-restricted";
  await stage.apply(aNamespace(ns), anApplication(ns, RESTRICTED));
  await podWith(ns, ["app"]);
  await expect(stage.apply(aPodAsRoot(ns))).rejects.toThrow('violates PodSecurity "restricted:latest"');
  await stage.apply(aBackupOf(ns));
  const pod = await podWith(ns, ["app", "stash"]);
  const stored = await client.get(KUBERNETES.Pod, ns, pod?.name ?? "", asIs);
  const sidecar = objectsAt(stored, "spec", "containers").find(({ name }) => name === "stash");
  expect(sidecar?.["securityContext"]).toMatchObject({ runAsUser: 65534, runAsNonRoot: true });
});

test("D9: a sidecar that may not run there stays out, and the condition has the API server's words", async () => {
  const ns = "default-restricted-folder";
  const backend = { local: { mountPath: "/safe/repository", hostPath: { path: "/tmp", type: "Directory" } } };
  await stage.apply(aNamespace(ns, { backend }), anApplication(ns, RESTRICTED));
  const before = await podWith(ns, ["app"]);
  await stage.apply(aBackupOf(ns));
  expect(await stage.untilReason(ns, "InjectionRefusedByCluster")).toContain(
    'violates PodSecurity "restricted:latest"',
  );
  expect((await stage.pods(ns)).map(({ uid }) => uid)).toEqual([before?.uid]);
  expect(await stage.templateNames(ns)).toEqual(["app"]);
});

test("D9: a policy about workloads keeps the sidecar out of one that is there, and its owner may go on changing it", async () => {
  const ns = "default-policed";
  const message = "each container has a probe here";
  const rule = {
    apiGroups: ["apps"],
    apiVersions: ["v1"],
    resources: ["deployments"],
    operations: ["CREATE", "UPDATE"],
  };
  const expression = "object.spec.template.spec.containers.all(c, c.name == 'app' || has(c.livenessProbe))";
  await stage.apply(aNamespace(ns), anApplication(ns, RESTRICTED), ...aPolicy(ns, expression, message, rule));
  const { container } = RESTRICTED;
  const other = anApplication(ns, { ...RESTRICTED, name: "probe", container: { ...container, name: "other" } });
  const untilRefused = (workload: object) => {
    const isRefused = () =>
      client.create(KUBERNETES.Deployment, ns, workload, asIs, { dryRun: true }).then(
        () => false,
        (error: unknown) => String(error).includes(message),
      );
    return eventually(isRefused, true, STAGE_TIMEOUT_MS);
  };
  await untilRefused(other);
  await stage.apply(aBackupOf(ns), aBackupOf(ns, { name: "later" }));
  expect(await stage.untilReason(ns, "InjectionRefusedByCluster")).toContain(message);
  await stage.patch(ns, { spec: { template: { metadata: { annotations: { changed: "1" } } } } });
  expect(await stage.templateNames(ns)).toEqual(["app"]);
  // One that is made with its sidecar is refused as a whole, unless it says that it wants none.
  await untilRefused(anApplication(ns, { ...RESTRICTED, name: "later" }));
  const metadata = { annotations: { "stash.appscode.com/inject": "disabled" } };
  await stage.apply(anApplication(ns, { ...RESTRICTED, name: "later", metadata }));
});

function aPodAsRoot(namespace: string) {
  const containers = [{ name: "root", image: "app:1", securityContext: { runAsUser: 0 } }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "root", namespace }, spec: { containers } };
}
