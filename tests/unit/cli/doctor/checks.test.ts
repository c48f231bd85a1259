import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { findConfigurations } from "../../../../certs/webhook-configurations.ts";
import {
  checkConfigurations,
  checkMutation,
  checkTrust,
  checkValidation,
  serverTimeOf,
} from "../../../../cli/doctor/admission.ts";
import { checkDefinitions, checkVersion } from "../../../../cli/doctor/definitions.ts";
import { FindingStatus, formatFindings } from "../../../../cli/doctor/finding.ts";
import { checkPrograms, readVariant } from "../../../../cli/doctor/programs.ts";
import { checkRights, isNeeded, NEEDED_RIGHTS } from "../../../../cli/doctor/rights.ts";
import { UNNAMED_IMAGE } from "../../../../scripts/manifests/installation.ts";
import { textAt, valueAt } from "../../../../shared/json/value.ts";
import {
  buildMutatingConfiguration,
  buildValidatingConfiguration,
  INSTALLED_ADDRESS,
} from "../../../../webhook/configuration.ts";

const manifests = join(import.meta.dirname, "../../../../manifests");

/** The definitions as an API server shows them. */
function served(): Map<string, unknown> {
  const files = readdirSync(join(manifests, "crds")).filter((file) => file !== "kustomization.yaml");
  return new Map(
    files.map((file) => {
      const definition: unknown = parse(readFileSync(join(manifests, "crds", file), "utf8"));
      const status = { conditions: [{ type: "Established", status: "True" }] };
      return [textAt(definition, "metadata", "name") ?? "", { ...Object(definition), status }];
    }),
  );
}

test.each([
  [19, FindingStatus.Fault],
  [20, FindingStatus.Ok],
  [36, FindingStatus.Ok],
  [38, FindingStatus.Warning],
])("Kubernetes 1.%s is %s", (minor, status) => {
  expect(checkVersion({ major: 1, minor, text: `v1.${minor}.0` }).status).toBe(status);
});

describe("definitions", () => {
  test("as they are installed are good", () => {
    expect(checkDefinitions(served())).toMatchObject([{ status: "Ok" }]);
  });

  test("that are missing, not served yet, or another product's are told one by one", () => {
    const found = served();
    found.delete("tasks.stash.appscode.com");
    found.set("functions.stash.appscode.com", { ...Object(found.get("functions.stash.appscode.com")), status: {} });
    const batch = structuredClone(found.get("backupbatches.stash.appscode.com"));
    const schema = Object(batch).spec.versions[0].schema.openAPIV3Schema;
    delete schema.properties.spec.properties.timeZone;
    found.set("backupbatches.stash.appscode.com", batch);
    expect(checkDefinitions(found).map(({ message }) => message)).toEqual([
      "backupbatches.stash.appscode.com is not of this product (upstream's has fewer fields)",
      "functions.stash.appscode.com is not served yet",
      "tasks.stash.appscode.com is missing",
    ]);
  });
});

describe("definitions of an older version that were left in place", () => {
  function without(...path: readonly string[]): Map<string, unknown> {
    const found = structuredClone(served());
    const definition = found.get("repositories.stash.appscode.com");
    const schema: unknown = Object(definition).spec.versions[0].schema.openAPIV3Schema;
    const parent = valueAt(schema, ...path.slice(0, -1).flatMap((name) => ["properties", name]), "properties");
    Reflect.deleteProperty(Object(parent), path.at(-1) ?? "");
    return found;
  }

  test.each([
    ["a field of the spec", ["spec", "maintenance"], "spec.maintenance"],
    ["a field below one", ["spec", "maintenance", "window", "timeZone"], "spec.maintenance.window.timeZone"],
    ["a field of the status", ["status", "lastPruneTime"], "status.lastPruneTime"],
    ["a whole part", ["status"], "status"],
  ] as const)("are told by what they would drop: %s", (_what, path, told) => {
    expect(checkDefinitions(without(...path)).map(({ message }) => message)).toEqual([
      `repositories.stash.appscode.com is of an older version: it drops ${told} from what is written`,
    ]);
  });

  test("are told in lists too, and in a line that stays short", () => {
    const found = structuredClone(served());
    const definition = Object(found.get("repositories.stash.appscode.com"));
    const { status } = definition.spec.versions[0].schema.openAPIV3Schema.properties;
    status.properties.maintenanceRuns.items.properties = {};
    const [finding] = checkDefinitions(found);
    expect(finding?.message).toContain("status.maintenanceRuns.phase, status.maintenanceRuns.startedAt, ");
    expect(finding?.message).toMatch(/ and \d+ more from what is written$/);
  });

  test("are no fault where they keep what they do not know, or know more", () => {
    const found = without("spec", "maintenance", "window");
    const definition = Object(found.get("repositories.stash.appscode.com"));
    const { spec } = definition.spec.versions[0].schema.openAPIV3Schema.properties;
    spec.properties.maintenance["x-kubernetes-preserve-unknown-fields"] = true;
    spec.properties.later = { type: "string" };
    expect(checkDefinitions(found)).toMatchObject([{ status: "Ok" }]);
  });
});

describe("answers of the webhook", () => {
  const refused = (detail: string) => ({ kind: "Refused", status: 400, detail }) as const;

  test.each([
    [
      "it refuses what it must",
      refused('admission webhook "invokers.stash.appscode.com" denied the request: no'),
      "Ok",
    ],
    ["it can't be called", refused('failed calling webhook "invokers.stash.appscode.com": refused'), "Fault"],
    ["it is not asked", { kind: "Accepted", object: {} } as const, "Fault"],
    ["the caller may not create", refused("backupbatches is forbidden"), "Fault"],
  ])("validation: %s", (_case, answer, status) => {
    expect(checkValidation(answer).status).toBe(status);
  });

  test.each([
    ["it lets the workload through", { kind: "Accepted", object: {} } as const, "Ok"],
    ["it can't be called", refused('failed calling webhook "labelled.workloads.stash.appscode.com": refused'), "Fault"],
  ])("mutation: %s", (_case, answer, status) => {
    expect(checkMutation(answer).status).toBe(status);
  });

  test("tell the API server's time when the object was accepted", () => {
    const object = { metadata: { creationTimestamp: "2024-04-30T02:00:00Z" } };
    expect(serverTimeOf({ kind: "Accepted", object })).toBe(Date.UTC(2024, 3, 30, 2));
    expect(serverTimeOf(refused("no"))).toBeUndefined();
  });
});

test("a certificate without Secret and one with problems are faults, and each problem is told", () => {
  const place = { namespace: "stash-batch", usesCertManager: false };
  expect(checkTrust(undefined, place)).toMatchObject([{ status: "Fault" }]);
  expect(checkTrust([], place)).toMatchObject([{ status: "Ok" }]);
  expect(checkTrust(["a", "b"], place).map(({ message }) => message)).toEqual(["a", "b"]);
});

test("where cert-manager is to make the certificate, its absence is the first thing to look for", () => {
  const place = { namespace: "stash-batch", usesCertManager: true };
  for (const problems of [undefined, ["the Secret holds no usable certificate"]]) {
    const [finding] = checkTrust(problems, place);
    expect(finding?.status).toBe("Fault");
    expect(finding?.fix).toMatch(/cert-manager is installed/);
    expect(finding?.fix).not.toContain("delete secret");
  }
});

describe("webhook configurations", () => {
  type Taken = { readonly kind: string; readonly webhooks: readonly unknown[] };
  const built = (namespace: string) => {
    const options = { address: { ...INSTALLED_ADDRESS, namespace }, caBundle: "ca" };
    return [buildMutatingConfiguration(options), buildValidatingConfiguration(options)] as const;
  };
  const read = (objects: readonly (ReturnType<typeof built>[number] | Taken)[]) =>
    findConfigurations(
      {
        find: async (resource, _namespace, _name, parse) => {
          const object = objects.find(({ kind }) => `${kind.toLowerCase()}s` === resource.plural);
          return object === undefined ? undefined : parse(object);
        },
      },
      [
        { kind: "MutatingWebhookConfiguration", name: "stash-batch" },
        { kind: "ValidatingWebhookConfiguration", name: "stash-batch" },
      ],
      AbortSignal.timeout(1_000),
    );

  test("as they are installed are good, in whatever namespace that is", async () => {
    expect(checkConfigurations(await read(built("stash-batch")), "stash-batch")).toMatchObject([{ status: "Ok" }]);
    expect(checkConfigurations(await read(built("backup")), "backup")).toMatchObject([{ status: "Ok" }]);
  });

  test("that another installation has taken over are told, with how to find who that is", async () => {
    const [mutating, validating] = built("stash-batch");
    const [foreign] = built("other");
    const findings = checkConfigurations(await read([foreign, validating]), "stash-batch");
    expect(findings.map(({ message }) => message)).toEqual([
      "MutatingWebhookConfiguration stash-batch calls other/stash-batch-webhook, not stash-batch/stash-batch-webhook",
    ]);
    expect(findings[0]?.fix).toContain("--show-managed-fields");
    const webhooks = mutating.webhooks.map((webhook) => ({ ...webhook, clientConfig: { url: "https://10.0.0.9" } }));
    const byUrl = checkConfigurations(await read([{ ...mutating, webhooks }, validating]), "stash-batch");
    expect(byUrl[0]?.message).toContain("calls https://10.0.0.9, not");
  });

  test("that somebody shortened or deleted are told by what is missing", async () => {
    const [mutating, validating] = built("stash-batch");
    const shortened = { ...mutating, webhooks: mutating.webhooks.slice(1) };
    expect(
      checkConfigurations(await read([shortened, validating]), "stash-batch").map(({ message }) => message),
    ).toEqual(["MutatingWebhookConfiguration stash-batch has no webhook labelled.workloads.stash.appscode.com"]);
    expect(checkConfigurations(await read([mutating]), "stash-batch").map(({ message }) => message)).toEqual([
      "ValidatingWebhookConfiguration stash-batch does not exist",
    ]);
  });
});

describe("programs", () => {
  const deployment = (ready: number, image: string, ...args: readonly string[]) => ({
    spec: { replicas: 2, template: { spec: { containers: [{ image, args }] } } },
    status: { readyReplicas: ready },
  });
  const view = (webhook: unknown, reconciler: unknown) => ({
    namespace: "stash-batch",
    deployments: new Map([
      ["stash-batch-webhook", webhook],
      ["stash-batch-reconciler", reconciler],
    ]),
  });

  test("that are missing or have no ready replica are faults; one replica less, or another image, is a warning", () => {
    const findings = checkPrograms(view(undefined, deployment(0, "i:1")));
    expect(findings.map(({ status }) => status)).toEqual(["Fault", "Fault"]);
    const degraded = checkPrograms(view(deployment(1, "i:1"), deployment(2, "i:2")));
    expect(degraded.map(({ check, status }) => `${check} ${status}`)).toEqual([
      "stash-batch-webhook Warning",
      "stash-batch-reconciler Ok",
      "image Warning",
    ]);
  });

  test("that inject another image by a flag than the other one runs are told", () => {
    const findings = checkPrograms(view(deployment(2, "i:1", "--image=i:3"), deployment(2, "i:1")));
    expect(findings.at(-1)?.message).toBe("stash-batch-webhook injects i:3, but stash-batch-reconciler injects i:1");
    expect(checkPrograms(view(deployment(2, "i:1"), deployment(2, "i:1"))).map(({ status }) => status)).toEqual([
      "Ok",
      "Ok",
    ]);
  });

  test("whose image nobody has named are told so, and what to do", () => {
    const [, , finding] = checkPrograms(view(deployment(0, UNNAMED_IMAGE), deployment(0, UNNAMED_IMAGE)));
    expect(finding).toMatchObject({ check: "image", status: "Fault" });
    expect(finding?.message).toContain(`run ${UNNAMED_IMAGE}, which is no image that exists`);
    const running = checkPrograms(view(deployment(2, UNNAMED_IMAGE), deployment(2, UNNAMED_IMAGE)));
    expect(running.map(({ status }) => status)).toEqual(["Ok", "Ok"]);
  });

  test("say by their flags what they need", () => {
    const webhook = deployment(2, "i:1", "webhook", "--certificates=cert-manager");
    const reconciler = deployment(2, "i:1", "reconciler", "--watch-namespace=shop");
    expect(readVariant(view(webhook, reconciler))).toEqual({ watchedNamespace: "shop", usesCertManager: true });
  });
});

describe("rights", () => {
  test("that are needed are those of the manifests", () => {
    expect(NEEDED_RIGHTS.length).toBeGreaterThan(100);
    expect(NEEDED_RIGHTS).toContainEqual({
      account: "stash-batch-webhook",
      verb: "patch",
      group: "",
      resource: "secrets",
      name: "stash-batch-serving-cert",
      isOwnNamespace: true,
    });
  });

  test("of the keeper are not needed where cert-manager keeps", () => {
    const variant = { watchedNamespace: undefined, usesCertManager: true };
    const left = NEEDED_RIGHTS.filter(({ account }) => account === "stash-batch-webhook").filter((right) =>
      isNeeded(right, variant),
    );
    expect(left.some(({ resource, verb }) => resource === "secrets" && verb === "create")).toBe(false);
    expect(left.some(({ resource, verb }) => resource === "secrets" && verb === "watch")).toBe(true);
  });

  test("that are missing are named with their account", () => {
    const [right] = NEEDED_RIGHTS;
    const findings = checkRights(right === undefined ? [] : [right], ["stash-batch-webhook", "stash-batch-reconciler"]);
    expect(findings.map(({ status }) => status)).toEqual(["Fault", "Ok"]);
    expect(findings[0]?.message).toContain("may not get backupconfigurations.stash.appscode.com");
    expect(checkRights(undefined, [])).toMatchObject([{ status: "Warning" }]);
  });
});

test("findings for a terminal have the fix below what is wrong", () => {
  const text = formatFindings([
    { check: "a", status: "Ok", message: "well" },
    { check: "b", status: "Fault", message: "broken", fix: "mend it" },
  ]);
  expect(text.split("\n")).toEqual(["ok       a: well", "FAULT    b: broken", "         fix: mend it"]);
});
