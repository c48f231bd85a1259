/** An attacker with the token of an injected ServiceAccount, on a real API server: what of a HostRun can he write? */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hostRunPolicyObjects } from "../../reconciler/installation/host-run-policy.ts";
import { AGENT_RULES } from "../../reconciler/rights/agent-rules.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { systemClock } from "../../shared/clock.ts";
import { Label } from "../../shared/contract.ts";
import { textAt } from "../../shared/json/value.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { ADMISSION_POLICIES } from "../../shared/kube/resources.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import { applyFile, applyManifests, type Manifest } from "../support/objects/apply.ts";
import { aHostRun } from "../support/objects/host-runs.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import { connectTo, kubeconfigOf, readAuthority } from "../support/webhook/cluster-client.ts";
import {
  registerWebhook,
  startTestWebhook,
  type TestWebhook,
  untilNoticed,
} from "../support/webhook/running-webhook.ts";

const NAMESPACE = "authority-host-runs";
const HOME = "stash-batch";
const RECONCILER = "stash-batch-reconciler";
const WRITER = `system:serviceaccount:${HOME}:${RECONCILER}`;
const root = resolve(import.meta.dirname, "../..");

let admin: KubeClient;
let reconciler: KubeClient;
/** By the pod that the token was made for; `none` has one that was made for no pod. */
let agents: Record<"victim" | "attacker" | "none", KubeClient>;
let editor: KubeClient;
let uids: Record<"victim" | "attacker", string>;
let folder: string;
let hasPolicies: boolean;
const clients: KubeClient[] = [];

async function clientOf(namespace: string, account: string, pod?: { name: string; uid: string }): Promise<KubeClient> {
  const boundObjectRef = pod && { apiVersion: "v1", kind: "Pod", ...pod };
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3_600, ...(boundObjectRef && { boundObjectRef }) },
  };
  const answer = await admin.createSubresource(KUBERNETES.ServiceAccount, namespace, account, "token", request, asIs);
  const path = join(folder, `${namespace}-${account}-${pod?.name ?? "none"}`);
  const { serverUrl, caPem } = sharedPlane();
  await writeFile(path, kubeconfigOf({ serverUrl, caPem }, textAt(answer, "status", "token") ?? ""), { mode: 0o600 });
  const client = await connectTo(path);
  clients.push(client);
  return client;
}

function aPod(name: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE },
    // Never scheduled: it is there to be named by tokens.
    spec: { schedulerName: "nobody", serviceAccountName: "default", containers: [{ name: "app", image: "app" }] },
  };
}

const rbac = "rbac.authorization.k8s.io";
const bind = (name: string, kind: string, account: string): Manifest => ({
  apiVersion: `${rbac}/v1`,
  kind: "RoleBinding",
  metadata: { name: account, namespace: NAMESPACE },
  roleRef: { apiGroup: rbac, kind, name },
  subjects: [{ kind: "ServiceAccount", name: account, namespace: NAMESPACE }],
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stash-batch-authority-"));
  admin = await connectTo(sharedPlane().kubeconfigPath);
  hasPolicies = (await createDiscovery(admin, systemClock).firstServed([ADMISSION_POLICIES])) !== undefined;
  for (const file of ["namespace.yaml", "rbac-reconciler.yaml", "rbac-users.yaml"]) {
    await applyFile(admin, join(root, "manifests/base", file));
  }
  await applyManifests(admin, [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "editor", namespace: NAMESPACE } },
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name: "agent", namespace: NAMESPACE }, rules: AGENT_RULES },
    bind("agent", "Role", "default"),
    bind("stash-batch-edit", "ClusterRole", "editor"),
    aPod("victim"),
    aPod("attacker"),
  ]);
  const uidOf = async (name: string) =>
    textAt(await admin.get(KUBERNETES.Pod, NAMESPACE, name, asIs), "metadata", "uid") ?? "";
  uids = { victim: await uidOf("victim"), attacker: await uidOf("attacker") };
  reconciler = await clientOf(HOME, RECONCILER);
  editor = await clientOf(NAMESPACE, "editor");
  agents = {
    victim: await clientOf(NAMESPACE, "default", { name: "victim", uid: uids.victim }),
    attacker: await clientOf(NAMESPACE, "default", { name: "attacker", uid: uids.attacker }),
    none: await clientOf(NAMESPACE, "default"),
  };
  // The API server reads new roles from its cache.
  await sleep(500);
});

afterAll(async () => {
  for (const client of clients) client.close();
  await admin?.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  admin?.close();
  removeFolder(folder);
});

let serial = 0;

/** An order for the victim's pod. @returns its name */
async function givenOrder(by: KubeClient = reconciler): Promise<string> {
  const name = `order-${++serial}`;
  const pod = { name: "victim", uid: uids.victim };
  const { apiVersion, kind, spec } = aHostRun({ spec: { pod } });
  const metadata = { name, namespace: NAMESPACE, labels: { [Label.PodUid]: uids.victim } };
  await by.create(KINDS.HostRun, NAMESPACE, { apiVersion, kind, metadata, spec }, asIs, { maxRetries: 0 });
  return name;
}

function report(by: KubeClient, name: string): Promise<unknown> {
  const patch = { kind: "merge", body: { status: { phase: "Succeeded" } } } as const;
  return by.patchStatus(KINDS.HostRun, NAMESPACE, name, patch, asIs, { maxRetries: 0 });
}

function change(by: KubeClient, name: string, body: object): Promise<unknown> {
  return by.patch(KINDS.HostRun, NAMESPACE, name, { kind: "merge", body }, asIs, { maxRetries: 0 });
}

const REFUSED = /only the pod that spec.pod names/;
const NO_ORDER = /only the reconciler|forbidden/i;

/** What holds in both ways in which a server can be told who writes a HostRun. */
function describeAttacks(): void {
  test("the pod that is named reports, and the reconciler changes what it ordered", async () => {
    const name = await givenOrder();
    await report(agents.victim, name);
    await change(reconciler, name, { spec: { cancel: { reason: "DEADLINE_EXCEEDED", message: "late" } } });
    const stored = await reconciler.get(KINDS.HostRun, NAMESPACE, name, asIs);
    expect(stored).toMatchObject({ status: { phase: "Succeeded" }, spec: { cancel: { message: "late" } } });
  });

  test("S3: a neighbour with the same ServiceAccount can't end the victim's work", async () => {
    const name = await givenOrder();
    await expect(report(agents.attacker, name)).rejects.toThrow(REFUSED);
  });

  test("S3: a token that was made for no pod writes no status", async () => {
    const name = await givenOrder();
    await expect(report(agents.none, name)).rejects.toThrow(REFUSED);
  });

  test("not even who may do everything writes a report or an order in another's name", async () => {
    const name = await givenOrder();
    await expect(report(admin, name)).rejects.toThrow(REFUSED);
    await expect(change(admin, name, { spec: { pod: { uid: uids.attacker } } })).rejects.toThrow(NO_ORDER);
    await expect(change(admin, name, { metadata: { labels: { [Label.PodUid]: uids.attacker } } })).rejects.toThrow(
      NO_ORDER,
    );
    await expect(givenOrder(admin)).rejects.toThrow(NO_ORDER);
  });

  test("an order goes with its run all the same: owners and finalizers may be cleaned away, and it may be deleted", async () => {
    const name = await givenOrder();
    await change(admin, name, { metadata: { finalizers: ["example.com/kept"] } });
    await change(admin, name, { metadata: { finalizers: [] } });
    expect(await admin.delete(KINDS.HostRun, NAMESPACE, name)).toBe(true);
  });
}

describe("D2: the rights of an injected ServiceAccount", () => {
  const patch = { kind: "merge", body: { status: { phase: "Succeeded" } } } as const;

  test.each(["BackupSession", "RestoreSession", "RestoreBatch"] as const)(
    "hold no patch of the status of a %s",
    async (kind) => {
      const write = agents.attacker.patchStatus(KINDS[kind], NAMESPACE, "any", patch, asIs, { maxRetries: 0 });
      await expect(write).rejects.toMatchObject({ status: 403 });
    },
  );

  test.each(["BackupSession", "RestoreSession", "BackupConfiguration", "Repository", "AppBinding"] as const)(
    "hold no look at a %s",
    async (kind) => {
      const read = agents.attacker.get(KINDS[kind], NAMESPACE, "any", asIs, { maxRetries: 0 });
      await expect(read).rejects.toMatchObject({ status: 403 });
    },
  );

  test("hold no order: not to make one, nor to change its spec, labels or annotations", async () => {
    const name = await givenOrder(admin);
    for (const by of [agents.attacker, agents.victim]) {
      await expect(givenOrder(by)).rejects.toMatchObject({ status: 403 });
      await expect(change(by, name, { spec: { host: "host-1" } })).rejects.toMatchObject({ status: 403 });
      await expect(change(by, name, { metadata: { labels: { a: "b" } } })).rejects.toMatchObject({ status: 403 });
      await expect(by.delete(KINDS.HostRun, NAMESPACE, name, { maxRetries: 0 })).rejects.toMatchObject({ status: 403 });
    }
  });

  test("are not those of a user either: `edit` reads host runs and nothing more", async () => {
    const name = await givenOrder(admin);
    await editor.get(KINDS.HostRun, NAMESPACE, name, asIs);
    await expect(givenOrder(editor)).rejects.toMatchObject({ status: 403 });
    await expect(change(editor, name, { spec: { host: "host-1" } })).rejects.toMatchObject({ status: 403 });
    await expect(report(editor, name)).rejects.toMatchObject({ status: 403 });
  });
});

describe("a server that asks the webhook", () => {
  let webhook: TestWebhook;
  let unregister: () => Promise<void>;

  beforeAll(async () => {
    const { kubeconfigPath, kubeletCa } = sharedPlane();
    const ca = await readAuthority(kubeletCa);
    webhook = await startTestWebhook({ kubeconfigPath, ca, flags: [`--trusted-user=${WRITER}`] });
    unregister = await registerWebhook(admin, webhook.url, ca.certPem, { validates: true });
    await untilNoticed();
  });

  afterAll(async () => {
    await unregister?.();
    await webhook?.stop();
    await untilNoticed();
  });

  describeAttacks();
});

/** Servers before 1.30 know no policies: there is nothing to try on them. */
describe("a server with policies of its own", () => {
  beforeAll(async () => {
    if (!hasPolicies) return;
    for (const { resource, name, body } of hostRunPolicyObjects(WRITER)) {
      const options = { fieldManager: "stash-batch-tests" };
      await admin.patch(resource, undefined, name, { kind: "apply", body, force: true }, asIs, options);
    }
    // It takes effect a moment after it was made.
    const isOpen = async () => {
      const name = await givenOrder();
      return report(agents.attacker, name).then(
        () => true,
        () => false,
      );
    };
    await eventually(isOpen, false, 60_000, 500);
  });

  beforeEach(({ skip }) => {
    if (!hasPolicies) skip("the server knows no policies");
  });

  afterAll(async () => {
    if (!hasPolicies) return;
    for (const { resource, name } of hostRunPolicyObjects(WRITER)) await admin.delete(resource, undefined, name);
    await untilNoticed();
  });

  describeAttacks();
});
