import { describe, expect, test } from "vitest";
import { actOnRights } from "../../../../reconciler/rights/act.ts";
import { type AgentRights, copyOf, notedCopies, pullCopyOf } from "../../../../reconciler/rights/decide.ts";
import { isAsWanted } from "../../../../reconciler/write/as-wanted.ts";
import { listAt, textAt, valueAt } from "../../../../shared/json/value.ts";
import { FakeApi } from "../fake-api.ts";
import { aRepository } from "../injection/builders.ts";

const signal = new AbortController().signal;
const NAMESPACE = "demo";
const USER = { namespace: NAMESPACE, labels: {} };
const OPEN = { allowedNamespaces: { from: "All" } } as const;
const shared = (namespace: string, spec: object = {}) =>
  copyOf(aRepository({ namespace, spec: { ...aRepository().spec, usagePolicy: OPEN, ...spec } }), USER);

function theCopy() {
  const made = shared("vault");
  if (made === undefined) throw new Error("the Repository allows it");
  return { ...made, name: "backend-0a1b2c3d4e" };
}

const copy = theCopy();

function rights(facts: Partial<AgentRights> = {}): AgentRights {
  return { namespace: NAMESPACE, serviceAccounts: ["default", "web"], copies: [], ...facts };
}

function anApi() {
  const api = new FakeApi();
  const foreign: string[] = [];
  const act = (wanted: AgentRights) =>
    actOnRights(api.client, wanted, (kind, name) => foreign.push(`${kind} ${name}`), signal);
  return { api, foreign, act };
}

function aSecret(namespace: string, name: string, data: object, labels: object = {}) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace, labels }, data };
}

const subjects = (api: FakeApi) =>
  listAt(api.get("rolebindings", NAMESPACE, "stash-batch-agent"), "subjects").map((subject) => textAt(subject, "name"));

describe("the agents' rights in a namespace", () => {
  test("are one Role and one RoleBinding with the targets' ServiceAccounts", async () => {
    const { api, act } = anApi();
    await act(rights());
    expect(subjects(api)).toEqual(["default", "web"]);
    expect(
      textAt(api.get("roles", NAMESPACE, "stash-batch-agent"), "metadata", "labels", "stash.appscode.com/agent-rights"),
    ).toBe("true");
  });

  test("L75: hold nothing on Secrets, pods, jobs, leases or RBAC", async () => {
    const { api, act } = anApi();
    await act(rights());
    const rules = listAt(api.get("roles", NAMESPACE, "stash-batch-agent"), "rules");
    expect(rules.flatMap((rule) => listAt(rule, "apiGroups"))).toEqual(["stash.appscode.com", "stash.appscode.com"]);
    expect(rules.flatMap((rule) => listAt(rule, "verbs"))).toEqual(["get", "list", "watch", "patch"]);
  });

  test("are not written again when they are as wanted", async () => {
    const { api, act } = anApi();
    await act(rights());
    const before = api.writes.length;
    await act(rights());
    expect(api.writes.length).toBe(before);
  });

  test("follow the targets, and go with the last one", async () => {
    const { api, act } = anApi();
    await act(rights());
    await act(rights({ serviceAccounts: ["web"] }));
    expect(subjects(api)).toEqual(["web"]);
    await act(rights({ serviceAccounts: [] }));
    expect([...api.names("roles"), ...api.names("rolebindings")]).toEqual([]);
  });

  test("that somebody changed are mended", async () => {
    const { api, act } = anApi();
    await act(rights());
    const role = api.get("roles", NAMESPACE, "stash-batch-agent");
    api.put("roles", { ...role, rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] });
    await act(rights());
    expect(listAt(api.get("roles", NAMESPACE, "stash-batch-agent"), "rules")).toHaveLength(2);
  });

  test("L78: of another owner under the same name are left alone", async () => {
    const { api, foreign, act } = anApi();
    const theirs = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "stash-batch-agent", namespace: NAMESPACE },
      rules: [],
    };
    api.put("roles", theirs);
    await act(rights());
    await act(rights({ serviceAccounts: [] }));
    expect(api.writes).toEqual([]);
    expect(foreign).toEqual(["Role stash-batch-agent", "Role stash-batch-agent"]);
  });

  test("nothing is asked for but the Role where there never was an agent", async () => {
    const { api, act } = anApi();
    await act(rights({ serviceAccounts: [] }));
    expect(api.reads).toBe(1);
    expect(api.writes).toEqual([]);
  });
});

describe("copies of Secrets", () => {
  test("are made, labelled with where they come from, and follow the original", async () => {
    const { api, act } = anApi();
    api.put("secrets", aSecret("vault", "backend", { RESTIC_PASSWORD: "b25l", OLD: "eA==" }));
    await act(rights({ copies: [copy] }));
    const made = api.get("secrets", NAMESPACE, copy.name);
    expect(valueAt(made, "data")).toEqual({ RESTIC_PASSWORD: "b25l", OLD: "eA==" });
    expect(textAt(made, "metadata", "labels", "stash.appscode.com/copied-from-namespace")).toBe("vault");
    api.put("secrets", aSecret("vault", "backend", { RESTIC_PASSWORD: "dHdv" }));
    await act(rights({ copies: [copy] }));
    expect(valueAt(api.get("secrets", NAMESPACE, copy.name), "data")).toEqual({ RESTIC_PASSWORD: "dHdv" });
  });

  test("go with their last user, with their original, and with the last agent", async () => {
    const { api, act } = anApi();
    api.put("secrets", aSecret("vault", "backend", { RESTIC_PASSWORD: "b25l" }));
    await act(rights({ copies: [copy] }));
    await act(rights());
    expect(api.names("secrets")).toEqual(["vault/backend"]);
    await act(rights({ copies: [copy] }));
    await act(rights({ serviceAccounts: [] }));
    expect(api.names("secrets")).toEqual(["vault/backend"]);
    await act(rights({ copies: [copy] }));
    await api.client.delete({ group: "", version: "v1", plural: "secrets", namespaced: true }, "vault", "backend");
    await act(rights({ copies: [copy] }));
    expect(api.names("secrets")).toEqual([]);
  });

  test("D9: of a pull secret have its type, and nothing else is copied under that name", async () => {
    const { api, act } = anApi();
    const pull = pullCopyOf({ namespace: "home", name: "registry" }, NAMESPACE);
    if (pull === undefined) throw new Error("no copy");
    const type = "kubernetes.io/dockerconfigjson";
    api.put("secrets", { ...aSecret("home", "registry", { ".dockerconfigjson": "e30=" }), type });
    await act(rights({ copies: [pull] }));
    expect(api.get("secrets", NAMESPACE, pull.name)).toMatchObject({ type, data: { ".dockerconfigjson": "e30=" } });
    api.put("secrets", { ...aSecret("home", "registry", { "tls.key": "a2V5" }), type: "kubernetes.io/tls" });
    await act(rights({ copies: [pull] }));
    expect(api.names("secrets")).toEqual(["home/registry"]);
    expect(pullCopyOf({ namespace: NAMESPACE, name: "registry" }, NAMESPACE)).toBeUndefined();
  });

  test("never touch a Secret that is no copy", async () => {
    const { api, foreign, act } = anApi();
    api.put("secrets", aSecret("vault", "backend", { RESTIC_PASSWORD: "b25l" }));
    api.put("secrets", aSecret(NAMESPACE, copy.name, { theirs: "eA==" }));
    await act(rights({ copies: [copy] }));
    await act(rights({ serviceAccounts: [] }));
    expect(valueAt(api.get("secrets", NAMESPACE, copy.name), "data")).toEqual({ theirs: "eA==" });
    expect(foreign).toEqual([`Secret ${copy.name}`]);
  });

  test("are noted before they are made, so that a reconciler that dies leaves none behind", async () => {
    const { api, act } = anApi();
    api.put("secrets", aSecret("vault", "backend", { RESTIC_PASSWORD: "b25l" }));
    await act(rights({ copies: [copy] }));
    const noted = api.writes.indexOf(`apply roles ${NAMESPACE}/stash-batch-agent`);
    const made = api.writes.indexOf(`create secrets ${NAMESPACE}/${copy.name}`);
    expect(noted).toBeGreaterThanOrEqual(0);
    expect(noted).toBeLessThan(made);
  });

  test("are needed for Repositories of other namespaces only", () => {
    expect(shared(NAMESPACE)).toBeUndefined();
    const far = shared("vault");
    expect([far?.from.namespace, far?.from.name]).toEqual(["vault", "backend"]);
    expect(far?.from.grantor).toBe("Repository vault/repo");
    expect(far?.name).not.toBe(shared("other")?.name);
    expect(shared("vault", { backend: {} })).toBeUndefined();
  });

  test("are never made where the Repository's owner does not allow it", () => {
    expect(copyOf(aRepository({ namespace: "vault" }), USER)).toBeUndefined();
    expect(shared("vault", { usagePolicy: { allowedNamespaces: { from: "Same" } } })).toBeUndefined();
  });

  test("a note that can't be read names none", () => {
    expect(notedCopies(undefined)).toEqual([]);
    expect(notedCopies("{")).toEqual([]);
    expect(notedCopies('["a",1]')).toEqual(["a"]);
  });
});

test("an object is as wanted when it has more", () => {
  expect(isAsWanted({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: 1 }, d: [1] })).toBe(true);
  expect(isAsWanted({ a: { b: 1 } }, { a: { b: 2 } })).toBe(false);
  expect(isAsWanted({ d: [1, 2] }, { d: [1] })).toBe(false);
  expect(isAsWanted(undefined, { d: [1] })).toBe(false);
});
