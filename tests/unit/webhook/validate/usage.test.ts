/** Whose Repository an invoker may name, decided on what the API server has now: by the webhook's own client over HTTP. */
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../../shared/clock.ts";
import { textAt } from "../../../../shared/json/value.ts";
import { createKubeClient } from "../../../../shared/kube/client/http.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { validate } from "../../../../webhook/validate/objects.ts";
import { type Answer, answerJson, aStatus, LocalServer } from "../../shared/kube/client/local-server.ts";
import { aClient, opened, stopOpened } from "../../shared/kube/client/world.ts";

afterEach(stopOpened);

const REF = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const target = { ref: REF, rules: [{ paths: ["/data"] }] };
const retentionPolicy = { name: "k", keepLast: 1, prune: true };
const backup = { schedule: "* * * * *", retentionPolicy };

interface InvokerObject {
  readonly kind: string;
  readonly metadata: object;
  readonly spec: object;
}

const invoker = (kind: string, spec: object, repository: object = { name: "repo", namespace: "vault" }) => ({
  apiVersion: "stash.appscode.com/v1beta1",
  kind,
  metadata: { name: "x", namespace: "demo" },
  spec: { repository, ...spec },
});

const CONFIGURATION = invoker("BackupConfiguration", { ...backup, target: { ref: REF, paths: ["/data"] } });
const INVOKERS = [
  CONFIGURATION,
  invoker("BackupBatch", { ...backup, members: [{ target: { alias: "a", ref: REF, paths: ["/data"] } }] }),
  invoker("RestoreSession", { target }),
  invoker("RestoreBatch", { members: [{ target: { alias: "a", ...target } }] }),
];

function aRepository(usagePolicy?: object) {
  return {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "repo", namespace: "vault" },
    spec: { backend: { s3: { endpoint: "e", bucket: "b" } }, ...(usagePolicy && { usagePolicy }) },
  };
}

const ALL = { allowedNamespaces: { from: "All" } };
const TRUSTED = { allowedNamespaces: { from: "Selector", selector: { matchLabels: { trust: "yes" } } } };
const PATHS = {
  repository: "/apis/stash.appscode.com/v1alpha1/namespaces/vault/repositories/repo",
  namespace: "/api/v1/namespaces/demo",
};

/** An API server that has these objects, by path. */
const having =
  (objects: Readonly<Record<string, unknown>>): Answer =>
  ({ path }, response) =>
    objects[path] === undefined
      ? answerJson(response, 404, aStatus(404, "NotFound"))
      : answerJson(response, 200, objects[path]);

const aNamespace = (labels: object) => ({ kind: "Namespace", metadata: { name: "demo", labels } });

async function write(object: InvokerObject, answer: Answer, more: { readonly oldObject?: unknown } = {}) {
  // Its own limit is what is looked at: a busy machine must not reach it.
  const { client, server } = await aClient(answer, undefined, systemClock);
  return writeBy(client, server, object, more);
}

async function writeBy(
  client: KubeClient,
  server: LocalServer,
  object: InvokerObject,
  more: { readonly oldObject?: unknown } = {},
) {
  const send = async (again: { readonly oldObject?: unknown } = more) => {
    const { oldObject } = again;
    const { isAllowed, message, warnings } = await validate(
      {
        uid: "1",
        kind: object.kind,
        group: "",
        resource: "",
        subresource: "",
        name: "x",
        namespace: textAt(object, "metadata", "namespace") ?? "",
        operation: oldObject === undefined ? "CREATE" : "UPDATE",
        userInfo: { username: "ops" },
        object,
        oldObject,
      },
      { client, checksRights: false, trustedUsers: [] },
    );
    return { isAllowed, message: message ?? "", warnings: warnings?.join() ?? "" };
  };
  return { ...(await send()), send, server };
}

describe("E8: a Repository of another namespace", () => {
  test.each(INVOKERS.map((object) => [object.kind, object] as const))(
    "that has come this moment, and forbids it, refuses a %s; and as soon as it is opened lets it in",
    async (_, object) => {
      const { warnings, isAllowed, send, server } = await write(object, having({}));
      expect(isAllowed).toBe(true);
      expect(warnings).toContain("Repository vault/repo does not exist");
      server.answer = having({ [PATHS.repository]: aRepository() });
      expect(await send()).toMatchObject({
        isAllowed: false,
        message: expect.stringContaining("does not allow namespace demo"),
      });
      server.answer = having({ [PATHS.repository]: aRepository(ALL) });
      expect(await send()).toMatchObject({ isAllowed: true, warnings: "" });
      server.answer = having({ [PATHS.repository]: aRepository({ allowedNamespaces: { from: "Same" } }) });
      expect((await send()).isAllowed).toBe(false);
    },
  );

  test("that is closed to it refuses an update of the spec too", async () => {
    const oldObject = { ...CONFIGURATION, spec: { ...CONFIGURATION.spec, schedule: "1 * * * *" } };
    const written = await write(CONFIGURATION, having({ [PATHS.repository]: aRepository() }), { oldObject });
    expect(written.isAllowed).toBe(false);
  });

  test("that goes by labels goes by those that the namespace has now", async () => {
    const labelled = (labels: object) =>
      having({ [PATHS.repository]: aRepository(TRUSTED), [PATHS.namespace]: aNamespace(labels) });
    const { isAllowed, send, server } = await write(CONFIGURATION, labelled({ trust: "yes" }));
    expect(isAllowed).toBe(true);
    server.answer = labelled({});
    expect((await send()).isAllowed).toBe(false);
    server.answer = having({ [PATHS.repository]: aRepository(TRUSTED) });
    expect((await send()).isAllowed).toBe(false);
  });
});

describe("E8: an API server", () => {
  const silent: Answer = () => {};
  const silentAbout =
    (path: string, objects: Readonly<Record<string, unknown>>): Answer =>
    (request, response) => {
      if (request.path !== path) having(objects)(request, response);
    };

  test.each<[string, Answer]>([
    ["does not answer", silent],
    ["does not answer about the namespace", silentAbout(PATHS.namespace, { [PATHS.repository]: aRepository(TRUSTED) })],
    ["cuts the connection", (_, response) => void response.socket?.destroy()],
    ["refuses us", (_, response) => answerJson(response, 403, aStatus(403, "Forbidden"))],
    ["is out of order", (_, response) => answerJson(response, 500, aStatus(500, "InternalError"))],
    ["has a Repository that can't be read", having({ [PATHS.repository]: { ...aRepository(ALL), spec: 7 } })],
  ])("that %s is a no in less than 3 s, with the reason and what to do", async (_, answer) => {
    const beganMs = performance.now();
    const { isAllowed, message } = await write(CONFIGURATION, answer);
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    expect(isAllowed).toBe(false);
    expect(message).toMatch(/spec\.repository.*whether Repository vault\/repo allows namespace demo is not known: \S/);
    expect(message).toContain("Try again");
  });

  test("that answers half of it late gets no more time for the other half", async () => {
    const server = await LocalServer.start(({ path }, response) => {
      if (path === PATHS.repository) setTimeout(() => answerJson(response, 200, aRepository(TRUSTED)), 1_500);
    });
    const client = createKubeClient({ connection: server.connection(), program: "test" });
    opened.push(server, { stop: () => client.close() });
    const beganMs = performance.now();
    const { isAllowed, message } = await writeBy(client, server, CONFIGURATION);
    expect(performance.now() - beganMs).toBeLessThan(2_900);
    expect(server.seen.map(({ path }) => path)).toEqual([PATHS.repository, PATHS.namespace]);
    expect({ isAllowed, message }).toMatchObject({ isAllowed: false, message: expect.stringContaining("not known") });
  });

  test("is asked nothing about an object that changes nothing, or names no Repository", async () => {
    const same = await write(CONFIGURATION, silent, { oldObject: CONFIGURATION });
    expect(same.isAllowed).toBe(true);
    const snapshotter = { ...backup, driver: "VolumeSnapshotter", target: { ref: REF } };
    const none = await write({ ...CONFIGURATION, spec: snapshotter }, silent);
    expect(none.isAllowed).toBe(true);
    expect([...same.server.seen, ...none.server.seen]).toEqual([]);
  });
});
