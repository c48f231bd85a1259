/** What the author of an object is asked about, by the webhook's own answer to a whole request. */
import { describe, expect, test } from "vitest";
import { textAt } from "../../../../shared/json/value.ts";
import type { Parse } from "../../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../../shared/kube/resource.ts";
import { validate } from "../../../../webhook/validate/objects.ts";

const retentionPolicy = { name: "k", keepLast: 1, prune: true };
const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const DB = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" };

function batch(members: readonly object[], spec: object = {}, metadata: object = {}) {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "x", namespace: "demo", ...metadata },
    spec: { repository: { name: "r" }, retentionPolicy, members, ...spec },
  };
}

const repository = (storageSecretName: string) => ({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: "x", namespace: "demo" },
  spec: {
    usagePolicy: { allowedNamespaces: { from: "All" } },
    backend: { storageSecretName, s3: { endpoint: "e", bucket: "b" } },
  },
});

const binding = (parameters: object | undefined = undefined) => ({
  apiVersion: "appcatalog.appscode.com/v1alpha1",
  kind: "AppBinding",
  metadata: { name: "db", namespace: "demo" },
  spec: { clientConfig: { url: "tcp://h:1" }, secret: { name: "auth" }, ...(parameters && { parameters }) },
});

/** Sends a write of somebody whom the API server grants exactly these rights. */
async function write(
  object: { readonly kind: string },
  options: {
    readonly rights?: readonly string[];
    readonly old?: unknown;
    readonly objects?: readonly unknown[];
    readonly labelled?: readonly string[];
  } = {},
) {
  const asked: string[] = [];
  const request = {
    uid: "1",
    kind: object.kind,
    group: "",
    resource: "",
    subresource: "",
    name: "x",
    namespace: "demo",
    operation: options.old === undefined ? "CREATE" : "UPDATE",
    userInfo: { username: "ops" },
    object,
    oldObject: options.old,
  };
  const { isAllowed, message } = await validate(request, {
    checksRights: true,
    trustedUsers: [],
    client: {
      create: async <T>(_resource: Resource, _namespace: string | undefined, body: unknown, parse: Parse<T>) => {
        const at = (field: string) => textAt(body, "spec", "resourceAttributes", field);
        const resource = at("subresource") ? `${at("resource")}/${at("subresource")}` : at("resource");
        const question = [at("verb"), resource, at("name")].filter((part) => part !== undefined).join(" ");
        asked.push(question);
        return parse({ status: { allowed: (options.rights ?? []).includes(question) } });
      },
      find: async <T>(_resource: Resource, _namespace: string | undefined, name: string, parse: Parse<T>) => {
        const found = (options.objects ?? []).find((one) => textAt(one, "metadata", "name") === name);
        return found === undefined ? undefined : parse(found);
      },
      list: async <T>(resource: Resource, _namespace: string | undefined, parse: Parse<T>) => {
        const names = resource.plural === "deployments" ? (options.labelled ?? []) : [];
        return { items: names.map((name) => parse({ metadata: { name } })), resourceVersion: "1" };
      },
    },
  });
  return { isAllowed, message: message ?? "", asked };
}

describe("an author without rights", () => {
  test.each<[string, { readonly kind: string }, string]>([
    ["S6b: names no target", batch([{ task: { name: "pvc-backup" } }]), "target.ref: is missing"],
    [
      "S6b: names an unknown kind",
      batch([{ target: { ref: { kind: "Foo", name: "a" } }, task: { name: "pvc-backup" } }]),
      "Foo can't be backed up",
    ],
    [
      "S6b: spells a kind otherwise",
      batch([{ target: { ref: { kind: "persistentvolumeclaim", name: "a" } }, task: { name: "pvc-backup" } }]),
      "can't be backed up",
    ],
    [
      "S6b: names a placeholder as the target",
      batch([{ target: { ref: { kind: "EmptyTarget", name: "na" } } }]),
      "can't be backed up",
    ],
    [
      "S6a: replaces what a job works on",
      batch([{ target: { ref: DB }, task: { name: "t", params: [{ name: "TARGET_NAME", value: "payroll" }] } }]),
      "TARGET_NAME is set by stash-batch",
    ],
    [
      "S6a: replaces it for addons",
      binding({
        apiVersion: "a/v1",
        kind: "A",
        stash: { addon: { backupTask: { name: "t", params: [{ name: "NAMESPACE", value: "x" }] } } },
      }),
      "NAMESPACE is set by stash-batch",
    ],
    [
      "S6c: runs code in a job",
      batch([
        {
          target: { ref: DB },
          task: { name: "t" },
          runtimeSettings: { container: { lifecycle: { postStart: { exec: { command: ["id"] } } } } },
        },
      ]),
      "may not create pods",
    ],
    [
      "S6c: runs as an account",
      batch([{ target: { ref: DB }, task: { name: "t" }, runtimeSettings: { pod: { serviceAccountName: "admin" } } }]),
      "may not create pods",
    ],
    [
      "S6c: reads a Secret",
      batch([{ target: { ref: WEB }, runtimeSettings: { container: { envFrom: [{ secretRef: { name: "any" } }] } } }]),
      "may not get secrets demo/any",
    ],
    ["S6e: hands out a Secret", repository("crown"), "may not get secrets demo/crown"],
    ["sends a Secret to an address", binding(), "may not get secrets demo/auth"],
    [
      "S4: sends a request from inside",
      batch([], { hooks: { preBackup: { httpGet: { host: "h", port: 80 } } } }),
      "may not create pods",
    ],
  ])("who %s is refused", async (_what, object, expected) => {
    const { isAllowed, message } = await write(object);
    expect(message).toContain(expected);
    expect(isAllowed).toBe(false);
  });

  test("S6d: who restores a database is asked for the Secrets that its AppBinding names", async () => {
    const restore = {
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreBatch",
      metadata: { name: "x", namespace: "demo" },
      spec: { repository: { name: "r" }, members: [{ target: { ref: DB } }], session: "s" },
    };
    const rights = ["get appbindings db", "create pods"];
    const known = { objects: [binding()] };
    expect((await write(restore, { rights, ...known })).message).toContain("may not get secrets demo/auth");
    expect((await write(restore, { rights: [...rights, "get secrets auth"], ...known })).isAllowed).toBe(true);
    expect((await write(restore, { rights: [...rights, "get secrets auth"] })).message).toContain("get secrets in");
  });

  test("S6f: a deletion does not free from the check, and finalizers go all the same", async () => {
    const gone = { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["x/y"] };
    const hooks = { postBackup: { exec: { command: ["id"] } } };
    expect((await write(batch([], { hooks }, gone), { old: batch([], {}, gone) })).isAllowed).toBe(false);
    const freed = batch([{ target: { ref: WEB } }], { hooks }, { ...gone, finalizers: [] });
    const { isAllowed, asked } = await write(freed, { old: batch([{ target: { ref: WEB } }], { hooks }, gone) });
    expect([isAllowed, asked]).toEqual([true, []]);
  });
});

test("the author of a batch is asked about the workloads that joined it by their label", async () => {
  const labelled = ["web", "shop"];
  const { isAllowed, message } = await write(batch([]), { labelled, rights: ["update deployments web"] });
  expect(isAllowed).toBe(false);
  expect(message).toContain(
    "may not update deployments demo/shop, which label stash.appscode.com/backup-batch asks for",
  );
  const rights = labelled.map((name) => `update deployments ${name}`);
  expect((await write(batch([]), { labelled, rights })).isAllowed).toBe(true);
});

test("the author of a verifier is asked for the AppBindings of its invoker, whose databases its drills restore", async () => {
  const verifier = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupVerifier",
    metadata: { name: "v", namespace: "demo" },
    spec: { invoker: { kind: "BackupBatch", name: "x" } },
  };
  const rights = ["create pods", "create persistentvolumeclaims", "create networkpolicies"];
  const objects = [batch([{ target: { ref: WEB } }, { target: { ref: DB } }])];
  // Whoever may make pods alone could have them let out by the drill's policies.
  const confined = await write(verifier, { rights: rights.slice(0, 2), objects: [batch([])] });
  expect(confined.message).toContain("may not create networkpolicies");
  const refused = await write(verifier, { rights, objects });
  expect(refused.isAllowed).toBe(false);
  expect(refused.message).toContain("may not get appbindings");
  expect((await write(verifier, { rights: [...rights, "get appbindings db"], objects })).isAllowed).toBe(true);
  expect((await write(verifier, { rights, objects: [batch([{ target: { ref: WEB } }])] })).isAllowed).toBe(true);
  const configuration = {
    kind: "BackupConfiguration",
    metadata: { name: "x", namespace: "demo" },
    spec: { target: { ref: DB } },
  };
  const ofOne = { ...verifier, spec: { invoker: { kind: "BackupConfiguration", name: "x" } } };
  expect((await write(ofOne, { rights, objects: [configuration] })).isAllowed).toBe(false);
});

describe("who makes a drill by hand", () => {
  const named = (kind: string, name: string, spec: object) => ({
    apiVersion: "stash.appscode.com/v1beta1",
    kind,
    metadata: { name, namespace: "demo" },
    spec,
  });
  const drill = (spec: object = {}) => named("BackupVerificationSession", "d", { verifier: "v", ...spec });
  const script = { image: "a:1", env: [{ name: "T", valueFrom: { secretKeyRef: { name: "crown", key: "k" } } }] };
  const objects = [
    named("BackupVerifier", "v", { invoker: { kind: "BackupBatch", name: "x" }, type: "Script", script }),
    batch([{ target: { ref: DB } }]),
  ];
  const rights = [
    "create pods",
    "create persistentvolumeclaims",
    "create networkpolicies",
    "get appbindings db",
    "get secrets crown",
  ];

  test("is asked for all that its verifier's author was asked for", async () => {
    expect(await write(drill(), { rights, objects })).toMatchObject({ isAllowed: true, asked: rights });
    for (const missing of rights) {
      const refused = await write(drill(), { rights: rights.filter((right) => right !== missing), objects });
      expect(refused.isAllowed, missing).toBe(false);
    }
    const { message } = await write(drill({ session: "older" }), { objects });
    expect(message).toContain("ops may not create pods in namespace demo, which BackupVerifier v, spec.invoker");
  });

  test("of a verifier that is not there yet is asked for what every drill makes", async () => {
    expect(await write(drill())).toMatchObject({ isAllowed: false, asked: rights.slice(0, 3) });
  });

  test("needs no more to cancel it", async () => {
    expect(await write(drill({ cancel: true }), { old: drill(), objects })).toMatchObject({
      isAllowed: true,
      asked: [],
    });
  });
});

test("an AppBinding asks for a backup by annotations, so its author is asked about them too", async () => {
  const annotated = (annotations: object) => ({ ...binding(), metadata: { ...binding().metadata, annotations } });
  const blueprint = { "stash.appscode.com/backup-blueprint": "daily" };
  const params = { ...blueprint, "params.stash.appscode.com/args": "--host=attacker.test" };
  const rights = ["get secrets auth"];
  expect((await write(annotated(blueprint), { rights, old: binding() })).message).toContain("may not create pods");
  expect((await write(annotated(params), { rights, old: annotated(blueprint) })).message).toContain(
    "may not create pods",
  );
  expect((await write(annotated(blueprint), { rights: [...rights, "create pods"], old: binding() })).isAllowed).toBe(
    true,
  );
  const noted = annotated({ ...blueprint, "example.com/note": "x" });
  expect(await write(noted, { old: annotated(blueprint) })).toMatchObject({ isAllowed: true, asked: [] });
  const reserved = annotated({ ...blueprint, "params.stash.appscode.com/TARGET_NAME": "payroll" });
  expect((await write(reserved, { old: binding() })).message).toContain("TARGET_NAME is set by stash-batch");
});

test("an author with the rights for all of it is let through", async () => {
  const object = batch(
    [{ target: { ref: DB }, task: { name: "t" }, hooks: { preBackup: { exec: { command: ["id"] } } } }],
    { hooks: { postBackup: { tcpSocket: { host: "h", port: 1 } } } },
  );
  const rights = ["get appbindings db", "create pods", "create pods/exec"];
  expect(await write(object, { rights })).toMatchObject({ isAllowed: true, asked: rights });
  for (const missing of rights) {
    const { isAllowed } = await write(object, { rights: rights.filter((right) => right !== missing) });
    expect(isAllowed, missing).toBe(false);
  }
});

describe("S8: a batch of very many members", () => {
  const large = batch(
    Array.from({ length: 1_000 }, (_, at) => ({ target: { alias: `a${at}`, ref: { ...WEB, name: `w${at}` } } })),
  );

  test("asks few questions, and is allowed to whom all of its targets are", async () => {
    expect(await write(large, { rights: ["update deployments"] })).toMatchObject({
      isAllowed: true,
      asked: ["update deployments"],
    });
  });

  test("is refused with the number of what it does", async () => {
    const { isAllowed, message, asked } = await write(large);
    expect(isAllowed).toBe(false);
    expect(message).toContain("999 more");
    expect(asked.length).toBeLessThanOrEqual(64);
  });
});

describe("who leads data elsewhere", () => {
  test("by an AppBinding must have been allowed to lead it where it went", async () => {
    const bare = { ...binding(), spec: { clientConfig: { url: "tcp://attacker.test:1" } } };
    const { message, asked } = await write(bare, { old: binding(), rights: ["create pods"] });
    expect(message).toMatch(/may not get secrets demo\/auth/);
    expect(asked.toSorted()).toEqual(["create pods", "get secrets auth"]);
    const both = await write(bare, { old: binding(), rights: ["create pods", "get secrets auth"] });
    expect(both.isAllowed).toBe(true);
  });

  test("by a Repository likewise", async () => {
    const { message } = await write(repository("mine"), { old: repository("crown"), rights: ["get secrets mine"] });
    expect(message).toMatch(/may not get secrets demo\/crown/);
  });

  test("is not held by what was stored before it could be read", async () => {
    const old = { ...binding(), spec: { clientConfig: 7 } };
    const { isAllowed } = await write(binding(), { old, rights: ["create pods", "get secrets auth"] });
    expect(isAllowed).toBe(true);
  });
});
