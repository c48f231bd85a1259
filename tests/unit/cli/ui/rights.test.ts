/** What the API server says of whoever looks: his name, and what he may. */
import { beforeEach, expect, test } from "vitest";
import { identify } from "../../../../cli/ui/identify.ts";
import { findMissing } from "../../../../cli/ui/rights.ts";
import { valueAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";

let answers: (plural: string, body: unknown) => unknown;
let asked: unknown[];

const refused = (status: number, detail = "") => new KubeError({ action: "ask", status, reason: "x", detail });
const client: Pick<KubeClient, "create"> = {
  async create({ plural }, _namespace, body, parse) {
    asked.push(valueAt(body, "spec", "resourceAttributes"));
    const answer = answers(plural, body);
    if (answer instanceof Error) throw answer;
    return parse(answer);
  },
};
const mayNot =
  (...names: readonly string[]) =>
  (_plural: string, body: unknown) => {
    const { verb, resource, subresource } = Object(valueAt(body, "spec", "resourceAttributes"));
    return { status: { allowed: !names.includes([verb, resource, subresource].filter(Boolean).join(" ")) } };
  };

beforeEach(() => {
  asked = [];
});

test("a button that needs a right which lacks is told with it, and how to make sure", async () => {
  answers = mayNot("create restorebatches", "get pods log");
  expect(await findMissing(client, "shop")).toEqual({
    trigger: undefined,
    restore: {
      message: "you lack the right to create restorebatches.stash.appscode.com in namespace shop",
      next: "check it with: kubectl auth can-i create restorebatches.stash.appscode.com -n shop",
    },
    log: {
      message: "you lack the right to get pods/log in namespace shop",
      next: "check it with: kubectl auth can-i get pods --subresource=log -n shop",
    },
  });
  expect(asked).toContainEqual({
    verb: "create",
    group: "stash.appscode.com",
    resource: "backupsessions",
    namespace: "shop",
  });
  expect(asked).toContainEqual({ verb: "get", group: "", resource: "pods", subresource: "log", namespace: "shop" });
});

test("what the API server does not say is decided when it is tried", async () => {
  for (const answer of [refused(403), refused(0), {}, { status: { allowed: "false" } }]) {
    answers = () => answer;
    expect(await findMissing(client, "shop")).toEqual({});
  }
});

test("a name is the API server's word, and nobody in particular is nobody", async () => {
  answers = () => ({ status: { userInfo: { username: "ann" } } });
  expect(await identify(client)).toBe("ann");
  answers = () => ({ status: { userInfo: { username: "system:anonymous" } } });
  await expect(identify(client)).rejects.toMatchObject({ status: 401 });
  for (const status of [401, 0, 500]) {
    answers = () => refused(status);
    await expect(identify(client)).rejects.toMatchObject({ status });
  }
});

test("servers before 1.28 let whom they know ask what he may, and refuse all others", async () => {
  const older = (answer: unknown) => (plural: string) => (plural === "selfsubjectreviews" ? refused(404) : answer);
  answers = older({ status: { allowed: false } });
  expect(await identify(client)).toBe("");
  answers = older(refused(403, 'User "ann" cannot create resource "selfsubjectaccessreviews"'));
  expect(await identify(client)).toBe("");
  answers = older(refused(403, 'User "system:anonymous" cannot create resource "selfsubjectaccessreviews"'));
  await expect(identify(client)).rejects.toMatchObject({ status: 403 });
  answers = older(refused(401));
  await expect(identify(client)).rejects.toMatchObject({ status: 401 });
});
