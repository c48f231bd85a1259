import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { parseFrontProxy, readCaller, watchFrontProxy } from "../../../../webhook/snapshots/front-proxy.ts";
import { loadCertificates } from "../../../support/control-plane/certificates.ts";
import { eventually } from "../../../support/eventually.ts";

let pem = "";

beforeAll(async () => {
  pem = (await loadCertificates()).ca.certPem;
});

afterAll(() => {
  pem = "";
});

const data = (change: object = {}) => ({
  data: {
    "requestheader-client-ca-file": pem,
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    ...change,
  },
});

test("the ConfigMap of the API server is read", () => {
  expect(parseFrontProxy(data())).toEqual({
    pem,
    names: ["front-proxy-client"],
    userHeaders: ["x-remote-user"],
    groupHeaders: ["x-remote-group"],
    uidHeaders: [],
    extraPrefixes: ["x-remote-extra-"],
  });
});

test.each<[string, object | undefined]>([
  ["no ConfigMap", undefined],
  ["no authority", { "requestheader-client-ca-file": "" }],
  ["what is no certificate", { "requestheader-client-ca-file": "-----BEGIN CERTIFICATE-----" }],
  ["names that can't be read", { "requestheader-allowed-names": "front-proxy-client" }],
  ["no header of the user", { "requestheader-username-headers": "[]" }],
])("with %s nobody is let in", (_what, change) => {
  expect(parseFrontProxy(change && data(change))).toEqual(expect.any(String));
});

describe("the caller", () => {
  const frontProxy = () => {
    const found = parseFrontProxy(data({ "requestheader-uid-headers": '["X-Remote-Uid"]' }));
    if (typeof found === "string") throw new Error(found);
    return found;
  };
  const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");

  test("is read as the API server writes it: several groups, escaped keys, letters of all kinds", () => {
    const headersDistinct = {
      "x-remote-user": [bytes("jürgen")],
      "x-remote-uid": ["7"],
      "x-remote-group": ["a, b", "system:authenticated"],
      "x-remote-extra-authentication.kubernetes.io%2fpod-uid": ["u"],
      "x-remote-extra-%zz": ["odd"],
      "x-other": ["none"],
    };
    expect(readCaller({ headersDistinct }, frontProxy())).toEqual({
      username: "jürgen",
      uid: "7",
      groups: ["a, b", "system:authenticated"],
      extra: { "authentication.kubernetes.io/pod-uid": ["u"], "%zz": ["odd"] },
    });
  });

  test("is nobody without a name", () => {
    expect(readCaller({ headersDistinct: { "x-remote-group": ["system:masters"] } }, frontProxy())).toBeUndefined();
    expect(readCaller({ headersDistinct: { "x-remote-user": [""] } }, frontProxy())).toBeUndefined();
  });
});

test.each([
  ["stays good for its time", 3_600_000, 1],
  ["is forgotten after it, until it is read", 0, 3],
] as const)("an authority that can't be read again %s", async (_what, forgetMs, changes) => {
  let isRefused = false;
  const find: KubeClient["find"] = async (_resource, _namespace, _name, read) => {
    if (isRefused) throw new Error("forbidden");
    return read(data());
  };
  const seen: (string | undefined)[] = [];
  const problems: unknown[] = [];
  const handlers = {
    onChange: (frontProxy: { readonly pem: string } | undefined) => seen.push(frontProxy?.pem),
    onProblem: (why: unknown) => problems.push(why),
  };
  const watch = watchFrontProxy({ find }, handlers, { pollMs: 10, forgetMs });
  try {
    await eventually(() => seen, [pem], 10_000);
    isRefused = true;
    await eventually(
      () => problems.length,
      (count) => count > 2,
      10_000,
    );
    isRefused = false;
    await eventually(() => seen, [pem, undefined, pem].slice(0, changes), 10_000);
  } finally {
    watch.stop();
  }
});
