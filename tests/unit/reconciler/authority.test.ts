/** The one guard, and that nothing in the reconciler goes past it. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import {
  execIn,
  findGranted,
  inNamespace,
  patchNamed,
  requireInside,
  SecretGrant,
  whyOutside,
} from "../../../reconciler/authority.ts";
import { ensureJob } from "../../../reconciler/jobs/ensure.ts";
import { parseRepository } from "../../../shared/api/repository.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import type { ExecRequest } from "../../../shared/kube/exec/pod.ts";
import { FakeApi } from "./fake-api.ts";
import { aBackup, appBinding, DB_REF, planOf, resolved } from "./jobs/builders.ts";

const root = resolve(import.meta.dirname, "../../..");
const core = (plural: string, namespaced = true) => ({ group: "", version: "v1", plural, namespaced });
const rbac = (plural: string) => ({ group: "rbac.authorization.k8s.io", version: "v1", plural, namespaced: true });

describe("what is done for an object of a namespace", () => {
  test("is refused elsewhere, with the code and the way out", () => {
    expect(() => requireInside("demo", "demo", "a job")).not.toThrow();
    for (const other of ["victim", "", undefined]) {
      expect(() => requireInside("demo", other, "a job"), `${other}`).toThrow(
        expect.objectContaining({ code: "OUTSIDE_NAMESPACE", retryable: false }),
      );
    }
    expect(() => requireInside("", "", "a job"), "no namespace is none").toThrow();
  });

  test.each<[string, ReturnType<typeof core>, object]>([
    ["an object that says another namespace", core("secrets"), { metadata: { name: "a", namespace: "victim" } }],
    ["what has no namespace", core("namespaces", false), { metadata: { name: "a" } }],
    [
      "rights for an account of another namespace",
      rbac("rolebindings"),
      {
        metadata: { name: "a" },
        roleRef: { kind: "Role", name: "a" },
        subjects: [{ kind: "ServiceAccount", name: "x", namespace: "victim" }],
      },
    ],
    [
      "rights for a group of people",
      rbac("rolebindings"),
      {
        metadata: { name: "a" },
        roleRef: { kind: "Role", name: "a" },
        subjects: [{ kind: "Group", name: "system:authenticated" }],
      },
    ],
    [
      "rights of the whole cluster",
      rbac("rolebindings"),
      { metadata: { name: "a" }, roleRef: { kind: "ClusterRole", name: "admin" } },
    ],
  ])("never makes or patches %s", async (_what, resource, body) => {
    const api = new FakeApi();
    const here = inNamespace(api.client, "demo");
    const refused = expect.objectContaining({ code: "OUTSIDE_NAMESPACE" });
    await expect(here.create(resource, body, asIs)).rejects.toEqual(refused);
    await expect(here.patch(resource, "a", { kind: "apply", body }, asIs)).rejects.toEqual(refused);
    expect(api.writes).toEqual([]);
  });

  test("goes to its namespace alone, whichever way", async () => {
    const api = new FakeApi();
    const here = inNamespace(api.client, "demo");
    await here.create(core("secrets"), { metadata: { name: "a" } }, asIs);
    await here.patch(core("secrets"), "a", { kind: "merge", body: { data: {} } }, asIs);
    await here.delete(core("secrets"), "a");
    expect(api.writes).toEqual(["create secrets demo/a", "merge secrets demo/a", "delete secrets demo/a"]);
  });

  test("runs commands in pods of that namespace, whatever else a request holds", async () => {
    const requests: ExecRequest[] = [];
    const run = async (request: ExecRequest) => {
      requests.push(request);
      return { end: { kind: "exited", exitCode: 0 }, stdout: "", stderr: "" } as const;
    };
    const hidden = { namespace: "victim", pod: "p", container: "c", command: ["id"], timeoutMs: 1 };
    await execIn(run, "demo").run(hidden);
    expect(requests.map(({ namespace }) => namespace)).toEqual(["demo"]);
  });

  test("patches what a spec names only where the spec is", async () => {
    const api = new FakeApi();
    api.put("deployments", { metadata: { name: "bank", namespace: "victim" } });
    const bank = { resource: { ...core("deployments"), group: "apps" }, namespace: "victim", name: "bank" };
    const patch = { kind: "merge", body: { metadata: {} } } as const;
    await expect(patchNamed(api.client, "demo", bank, patch, asIs)).rejects.toThrow("namespace victim");
    await patchNamed(api.client, "victim", bank, patch, asIs);
    expect(api.writes).toEqual(["merge deployments victim/bank"]);
  });

  test("makes no job whose plan is for another namespace", async () => {
    const api = new FakeApi();
    const plan = planOf(aBackup({ target: { ref: DB_REF } }, { task: resolved("mysql-backup"), appBinding }));
    await expect(ensureJob(inNamespace(api.client, "other"), plan)).rejects.toThrow("namespace demo");
    expect(api.writes).toEqual([]);
  });
});

test("a target is in its invoker's namespace; a Task of the whole cluster may look elsewhere, but mounts nothing there", () => {
  const at = (kind: string, namespace: string, taskName?: string) =>
    whyOutside("demo", { ref: { apiVersion: "v1", kind, namespace, name: "x" }, taskName })?.code;
  expect(at("Deployment", "demo")).toBeUndefined();
  expect(at("Deployment", "victim", "kubedump-backup")).toBeUndefined();
  for (const kind of ["Deployment", "StatefulSet", "PersistentVolumeClaim", "AppBinding"]) {
    expect(at(kind, "victim"), kind).toBe("OUTSIDE_NAMESPACE");
    expect(at(kind, "victim", "pvc-backup"), kind).toBe("OUTSIDE_NAMESPACE");
  }
  expect(at("PersistentVolumeClaim", "victim", "kubedump-backup")).toBe("OUTSIDE_NAMESPACE");
});

describe("a Secret of another namespace", () => {
  const store = (usagePolicy?: object) =>
    parseRepository({
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "store", namespace: "vault" },
      spec: { backend: { storageSecretName: "backend" }, ...(usagePolicy && { usagePolicy }) },
    });

  test("is read only where its Repository's owner allows it", async () => {
    const api = new FakeApi();
    api.put("secrets", { metadata: { name: "backend", namespace: "vault" }, data: { a: "b" } });
    const user = { namespace: "demo", labels: { team: "a" } };
    expect(SecretGrant.by(store(), user)).toBeUndefined();
    const selector = { matchLabels: { team: "b" } };
    expect(SecretGrant.by(store({ allowedNamespaces: { from: "Selector", selector } }), user)).toBeUndefined();
    const grant = SecretGrant.by(store({ allowedNamespaces: { from: "All" } }), user);
    expect(grant && (await findGranted(api.client, grant, asIs))).toMatchObject({ data: { a: "b" } });
  });
});

describe("the reconciler's files", () => {
  const files = readdirSync(join(root, "reconciler"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "authority.ts")
    .map((file) => [file, readFileSync(join(root, "reconciler", file), "utf8")] as const);

  /** Writes through the whole client of anything but our own kinds, which lie beside the object that they are about. */
  const WRITE =
    /\b\w*client\s*\.\s*(?:create|createSubresource|update|updateStatus|patch|patchStatus|delete)\(\s*([^,]+),/gi;
  const unguarded = (text: string): readonly string[] =>
    [...text.matchAll(WRITE)]
      .map(([, resource = ""]) => resource.trim())
      .filter((resource) => !/^KINDS\b/.test(resource));

  /** The installation's own objects: the catalogue, and budgets of the namespace that the reconciler runs in. */
  const OF_THE_INSTALLATION = "installation/controller.ts";

  test("write past the guard only what is of our own kinds", () => {
    const found = files.flatMap(([file, text]) => unguarded(text).map((resource) => `${file}: ${resource}`));
    // A question about the reconciler's own rights writes nothing, and who merges a status names one of our kinds.
    const merging = files.filter(([, text]) => text.includes("mergeStatus("));
    expect(merging.length).toBeGreaterThan(5);
    expect(merging.filter(([, text]) => /\bresource: (?!KINDS\b|Resource\b)/.test(text)).map(([file]) => file)).toEqual(
      [],
    );
    expect(found.sort()).toEqual([
      `${OF_THE_INSTALLATION}: resource`,
      "installation/host-run-policy.ts: SELF_REVIEWS",
      "write/status-patch.ts: resource",
    ]);
  });

  test("run commands through the guard alone: only it and main.ts see the program that runs them", () => {
    const EXEC = /\bPodExec\b|createPodExec|kube\/exec\/pod\.ts/;
    const users = files.filter(([, text]) => EXEC.test(text)).map(([file]) => file);
    // One more asks what an error says of whether a command began.
    expect(users.sort()).toEqual(["hooks/runner.ts", "hooks/until-begun.ts", "main.ts"]);
    const runner = files.find(([file]) => file === "hooks/runner.ts")?.[1] ?? "";
    // It hands the program to the guard, and calls what the guard gives back.
    expect([...runner.matchAll(/#ports\.exec\b[^;]*/g)].map(([use]) => use)).toEqual(["#ports.exec, run.namespace)"]);
  });

  test("take no fact for authority from labels or annotations of pods and Jobs", () => {
    const text = files.find(([file]) => file === "jobs/object.ts")?.[1] ?? "";
    expect(text).not.toMatch(/"labels", Label\.JobOwner/);
  });

  test("would be caught: the rule sees a write that goes past the guard", () => {
    expect(unguarded('await this.#ports.client.create(SECRETS, "victim", body, asIs);')).toEqual(["SECRETS"]);
    expect(unguarded("await client\n  .patch(WORKLOADS[kind], ref.namespace, name, patch);")).toEqual([
      "WORKLOADS[kind]",
    ]);
    expect(unguarded("await client.patch(KINDS[kind], namespace, name, patch);")).toEqual([]);
  });
});
