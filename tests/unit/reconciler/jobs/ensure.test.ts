// biome-ignore-all lint/suspicious/noTemplateCurlyInString: claim templates have variables

import { describe, expect, test } from "vitest";
import { inNamespace } from "../../../../reconciler/authority.ts";
import { ensureJob } from "../../../../reconciler/jobs/ensure.ts";
import type { JobPlan } from "../../../../reconciler/jobs/plan.ts";
import { valueAt } from "../../../../shared/json/value.ts";
import { JOBS } from "../../../../shared/kube/resources.ts";
import { FakeApi } from "../fake-api.ts";
import { aBackup, appBinding, aRestore, DB_REF, planOf, resolved } from "./builders.ts";

const backupOf = (spec = {}) =>
  planOf(aBackup({ target: { ref: DB_REF }, ...spec }, { task: resolved("mysql-backup-8.0.21"), appBinding }));

const claim = {
  metadata: { name: "files-${POD_ORDINAL}" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
const restoreOf = (ordinal: number, uid = "uid-of-restore") => {
  const target = { replicas: 2, volumeClaimTemplates: [claim], volumeMounts: [{ name: "files", mountPath: "/data" }] };
  const view = aRestore({ target: { ...target, rules: [{ paths: ["/data"] }] } }, { ordinal });
  return planOf({ ...view, owner: { ...view.owner, uid } });
};

const PLAN = backupOf();
const ACCOUNT = PLAN.rights.accountName;

describe("what a job needs", () => {
  test("is made before it: account, role, binding, then the job", async () => {
    const api = new FakeApi();
    const job = await ensureJob(inNamespace(api.client, "demo"), PLAN);
    expect(job).toMatchObject({ name: PLAN.name, hostname: "host-0", targetIndex: 0, ownerUid: "uid-of-session" });
    expect(api.writes).toEqual([
      `create serviceaccounts demo/${ACCOUNT}`,
      `create roles demo/${ACCOUNT}`,
      `create rolebindings demo/${ACCOUNT}`,
      `create jobs demo/${PLAN.name}`,
    ]);
  });

  test("is made once, however often it is asked for", async () => {
    const api = new FakeApi();
    const first = await ensureJob(inNamespace(api.client, "demo"), PLAN);
    api.writes.length = 0;
    expect(await ensureJob(inNamespace(api.client, "demo"), PLAN)).toEqual(first);
    expect(api.writes).toEqual([]);
  });

  test("is completed when an earlier try ended between any two of its parts", async () => {
    for (let isThere = 0; isThere < 4; isThere++) {
      const api = new FakeApi();
      await expect(ensureJob(inNamespace(breakAfter(api, isThere), "demo"), PLAN)).rejects.toThrow("away");
      expect(await ensureJob(inNamespace(api.client, "demo"), PLAN)).toMatchObject({ name: PLAN.name });
      expect(api.writes).toHaveLength(4);
    }
  });

  test("is brought up to date for the next session: rights that somebody widened are narrow again (L94)", async () => {
    const api = new FakeApi();
    await ensureJob(inNamespace(api.client, "demo"), PLAN);
    await api.client.delete(JOBS, "demo", PLAN.name);
    const role = { ...PLAN.rights.role, rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] };
    api.put("roles", role);
    api.writes.length = 0;
    await ensureJob(inNamespace(api.client, "demo"), PLAN);
    expect(api.writes).toEqual([`merge roles demo/${ACCOUNT}`, `create jobs demo/${PLAN.name}`]);
    expect(valueAt(api.get("roles", "demo", ACCOUNT), "rules")).toEqual(PLAN.rights.role["rules"]);
  });

  test("takes over the rights of an invoker of the same name that was deleted: they are about to be collected", async () => {
    const api = new FakeApi();
    const view = aBackup({ target: { ref: DB_REF } }, { task: resolved("mysql-backup-8.0.21"), appBinding });
    await ensureJob(
      inNamespace(api.client, "demo"),
      planOf({ ...view, invoker: { ...view.invoker, uid: "uid-of-old" } }),
    );
    await api.client.delete(JOBS, "demo", PLAN.name);
    await ensureJob(inNamespace(api.client, "demo"), PLAN);
    for (const plural of ["serviceaccounts", "roles", "rolebindings"]) {
      expect(valueAt(api.get(plural, "demo", ACCOUNT), "metadata", "ownerReferences")).toMatchObject([
        { kind: "BackupConfiguration", uid: "uid-of-invoker" },
      ]);
    }
  });

  test("leaves an account alone that the settings name", async () => {
    const api = new FakeApi();
    const plan = backupOf({ runtimeSettings: { pod: { serviceAccountName: "theirs" } } });
    await ensureJob(inNamespace(api.client, "demo"), plan);
    expect(api.names("serviceaccounts")).toEqual([]);
    expect(plan.rights.binding).toMatchObject({ subjects: [{ kind: "ServiceAccount", name: "theirs" }] });
  });
});

describe("what belongs to somebody else is left alone and told:", () => {
  const theirs = (name: string, labels: Readonly<Record<string, string>> = {}) => ({
    metadata: { name, namespace: "demo", labels },
  });

  test.each<readonly [string, JobPlan, string, Record<string, unknown>]>([
    ["a job", PLAN, "jobs", theirs(PLAN.name)],
    [
      "a job of another session with that name",
      PLAN,
      "jobs",
      theirs(PLAN.name, { "stash.appscode.com/job-owner": "an older uid", "stash.appscode.com/job-target": "0" }),
    ],
    ["an account", PLAN, "serviceaccounts", theirs(ACCOUNT)],
    ["a role", PLAN, "roles", theirs(ACCOUNT)],
    ["L45: a claim", restoreOf(1), "persistentvolumeclaims", theirs("files-1")],
  ])("%s", async (_what, plan, plural, object) => {
    const api = new FakeApi();
    api.put(plural, object);
    const name = String(valueAt(object, "metadata", "name"));
    const before = api.get(plural, "demo", name);
    await expect(ensureJob(inNamespace(api.client, "demo"), plan)).rejects.toMatchObject({ code: "TARGET_INVALID" });
    expect(api.get(plural, "demo", name)).toEqual(before);
    expect(api.writes.filter((write) => write.startsWith("create jobs"))).toEqual([]);
  });
});

describe("L45: the claims of a restore", () => {
  test("are made with their variables, owned by nothing, and used again when the same restore goes on", async () => {
    const api = new FakeApi();
    await ensureJob(inNamespace(api.client, "demo"), restoreOf(0));
    await ensureJob(inNamespace(api.client, "demo"), restoreOf(1));
    expect(api.names("persistentvolumeclaims")).toEqual(["demo/files-0", "demo/files-1"]);
    const made = api.get("persistentvolumeclaims", "demo", "files-1");
    expect(made).toMatchObject({ metadata: { labels: { "stash.appscode.com/job-owner": "uid-of-restore" } } });
    expect(valueAt(made, "metadata", "ownerReferences")).toBeUndefined();
    await api.client.delete(JOBS, "demo", restoreOf(1).name);
    await ensureJob(inNamespace(api.client, "demo"), restoreOf(1));
    expect(api.get("persistentvolumeclaims", "demo", "files-1")).toEqual(made);
  });

  test("of an earlier restore are not written into by the next", async () => {
    const api = new FakeApi();
    await ensureJob(inNamespace(api.client, "demo"), restoreOf(0));
    await api.client.delete(JOBS, "demo", restoreOf(0).name);
    await expect(ensureJob(inNamespace(api.client, "demo"), restoreOf(0, "uid-of-next"))).rejects.toThrow(
      "files-0 exists already",
    );
  });
});

/** A client that lets so many objects be made, and then can't reach the API server. */
function breakAfter(api: FakeApi, count: number): FakeApi["client"] {
  let left = count;
  return {
    ...api.client,
    create: (...args) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error("the API server is away")) : api.client.create(...args);
    },
  };
}
