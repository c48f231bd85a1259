import { describe, expect, test } from "vitest";
import {
  buildHostRunPolicy,
  type HostRunWrite,
  POD_UID_EXTRA,
  refuseHostRunWrite,
} from "../../../shared/host-run-authority.ts";
import { aHostRun } from "../../support/objects/host-runs.ts";

const RECONCILER = "system:serviceaccount:stash-batch:stash-batch-reconciler";
const TENANT = "system:serviceaccount:demo:default";

function refuse(change: Partial<HostRunWrite>): string | undefined {
  const write = {
    operation: "UPDATE",
    subresource: "status",
    username: TENANT,
    extra: {},
    object: aHostRun(),
    oldObject: aHostRun(),
  };
  return refuseHostRunWrite({ ...write, ...change }, [RECONCILER]);
}

const tokenOf = (...uids: string[]) => ({ [POD_UID_EXTRA]: uids });

describe("S3, D2: who may write a host run", () => {
  test("its own pod reports, by a token that was made for it", () => {
    expect(refuse({ extra: tokenOf("uid-1") })).toBeUndefined();
  });

  test("a neighbour's pod, a token without a pod, and one of two pods are refused", () => {
    expect(refuse({ extra: tokenOf("uid-2") })).toMatch(/only the pod/);
    expect(refuse({ extra: {} })).toMatch(/only the pod/);
    expect(refuse({ extra: tokenOf() })).toMatch(/only the pod/);
    expect(refuse({ extra: tokenOf("uid-1", "uid-2") })).toMatch(/only the pod/);
    expect(refuse({ username: "cluster-admin", extra: {} })).toMatch(/only the pod/);
  });

  test("what the new object says of its pod counts for nothing", () => {
    const object = aHostRun({ spec: { pod: { name: "evil", uid: "uid-2" } } });
    expect(refuse({ object, extra: tokenOf("uid-2") })).toMatch(/only the pod/);
  });

  test("an old object without a pod is nobody's", () => {
    expect(refuse({ oldObject: {}, extra: tokenOf("") })).toMatch(/only the pod/);
    expect(refuse({ oldObject: { spec: { pod: { uid: "" } } }, extra: tokenOf("") })).toMatch(/only the pod/);
  });

  test("nobody but the reconciler gives orders, its own pod neither", () => {
    for (const extra of [{}, tokenOf("uid-1")]) {
      expect(refuse({ operation: "CREATE", subresource: "", oldObject: undefined, extra })).toMatch(
        /only the reconciler/,
      );
      const object = aHostRun({ spec: { host: "host-1" } });
      expect(refuse({ subresource: "", object, extra })).toMatch(/only the reconciler/);
    }
    expect(refuse({ username: RECONCILER, operation: "CREATE", subresource: "" })).toBeUndefined();
  });

  test("labels, by which agents find host runs, are part of the order; finalizers are not", () => {
    const { metadata } = aHostRun();
    const labelled = { ...aHostRun(), metadata: { ...metadata, labels: { "stash.appscode.com/pod-uid": "uid-2" } } };
    expect(refuse({ subresource: "", object: labelled })).toMatch(/only the reconciler/);
    const cleaned = { ...aHostRun(), metadata: { ...metadata, finalizers: [] } };
    expect(refuse({ subresource: "", object: cleaned })).toBeUndefined();
  });
});

test("the policy denies, fails closed, and covers orders and reports", () => {
  const { policy, binding } = buildHostRunPolicy(RECONCILER);
  expect(policy.spec.failurePolicy).toBe("Fail");
  expect(policy.spec.matchConstraints.resourceRules[0]?.resources).toEqual(["hostruns", "hostruns/status"]);
  expect(binding.spec).toEqual({ policyName: policy.metadata.name, validationActions: ["Deny"] });
});
