import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

const base = join(import.meta.dirname, "../../../manifests/base");

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly Rule[];
}

function isRole(value: unknown): value is Role {
  return typeof value === "object" && value !== null && ["Role", "ClusterRole"].includes(Reflect.get(value, "kind"));
}

function rolesIn(path: string): readonly Role[] {
  return parseAllDocuments(readFileSync(join(base, path), "utf8"))
    .map((doc): unknown => doc.toJS())
    .filter(isRole);
}

const roles = readdirSync(base)
  .filter((file) => file.endsWith(".yaml"))
  .flatMap(rolesIn);

test("there are roles to look at", () => {
  expect(roles.map((role) => role.metadata.name)).toContain("stash-batch-reconciler");
});

describe.each(roles.map((role) => [`${role.kind} ${role.metadata.name}`, role] as const))("%s", (_name, role) => {
  test("L76: grants no wildcard, and no right to grant more rights", () => {
    const words = role.rules.flatMap((rule) => [...(rule.apiGroups ?? []), ...(rule.resources ?? []), ...rule.verbs]);
    for (const forbidden of ["*", "escalate", "bind", "impersonate"]) expect(words).not.toContain(forbidden);
  });

  test("lists no Secrets but those it names", () => {
    const listing = role.rules.filter(
      (rule) => rule.resources?.includes("secrets") && rule.verbs.some((verb) => verb === "list" || verb === "watch"),
    );
    for (const rule of listing) expect(rule.resourceNames?.length ?? 0).toBeGreaterThan(0);
  });
});

test("with cert-manager the webhook reads all that it reads without, and patches no configuration", () => {
  const clusterRole = (path: string) => rolesIn(path).find(({ kind }) => kind === "ClusterRole");
  const own = clusterRole("rbac-webhook.yaml");
  const readOnly = own?.rules.map((rule) =>
    rule.resources?.includes("validatingwebhookconfigurations") ? { ...rule, verbs: ["get"] } : rule,
  );
  expect(own).toBeDefined();
  expect(clusterRole("../overlays/cert-manager/cluster-role.yaml")).toMatchObject({ ...own, rules: readOnly });
});
