import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { redact, redactText } from "../../../../cli/doctor/bundle/redact.ts";
import { buildTarball } from "../../../../cli/tarball.ts";

const CANARY = "canary-7f3a";

/** Every place where people have been seen to write a password. */
const OBJECT = {
  metadata: {
    name: "shop",
    annotations: {
      "kubectl.kubernetes.io/last-applied-configuration": `{"spec":"${CANARY}"}`,
      "params.stash.appscode.com/args": `--password=${CANARY}`,
      "stash.appscode.com/schedule": "0 3 * * *",
    },
    managedFields: [{ manager: CANARY }],
  },
  spec: {
    backend: { rest: { url: `https://user:${CANARY}@backup.example.com/shop` }, storageSecretName: "backend" },
    members: [
      {
        target: { args: [`--option=${CANARY}`], paths: ["/data"] },
        task: { name: "mysql-backup", params: [{ name: "args", value: CANARY }] },
        runtimeSettings: {
          container: {
            env: [
              { name: "PASSWORD", value: CANARY },
              { name: "OTHER", valueFrom: { x: 1 } },
            ],
          },
        },
        hooks: {
          preBackup: { exec: { command: ["mysql", `-p${CANARY}`] } },
          postBackup: {
            httpPost: {
              host: "app",
              httpHeaders: [{ name: "Authorization", value: CANARY }],
              body: CANARY,
              form: [{ key: "password", values: [CANARY] }],
            },
            httpGet: { host: "chat.example.com", path: `/services/${CANARY}`, port: 443 },
          },
        },
      },
    ],
    clientConfig: {
      url: `root:${CANARY}@tcp(mysql.shop.svc:3306)/shop?parseTime=true`,
      service: { name: "mysql", query: `token=${CANARY}` },
    },
    queries: [{ member: "db", statement: `select 1 where password = '${CANARY}'`, expect: { equals: CANARY } }],
    secretTransforms: [{ addKey: { value: CANARY } }],
    parameters: { anything: CANARY },
  },
  status: {
    targets: [{ hooks: [{ type: "preBackup", output: CANARY }] }],
    error: `at https://u:${CANARY}@host/x`,
    message: `dial root:${CANARY}@tcp(db:3306)/x and https://host/x?token=${CANARY}`,
    queries: [{ statement: "select name", value: CANARY, ok: false }],
    findings: [{ code: "QUERY_FAILED", path: `select '${CANARY}'`, message: `it is ${CANARY}` }],
    conditions: [{ type: "Verified", status: "False", reason: "QUERY_FAILED", message: `it is ${CANARY}` }],
  },
};

test("nothing of what people write passwords into is left, and what helps is", () => {
  const text = JSON.stringify(redact(OBJECT));
  expect(text).not.toContain(CANARY);
  for (const kept of [
    "mysql-backup",
    "Authorization",
    "PASSWORD",
    "/data",
    "0 3 * * *",
    "backup.example.com/shop",
    "chat.example.com",
    "mysql.shop.svc:3306",
    "backend",
  ]) {
    expect(text).toContain(kept);
  }
});

test("a line of a log keeps its address without who asks", () => {
  expect(redactText(`open rest:https://me:${CANARY}@host:8000/x failed`)).toBe(
    "open rest:https://(left out)@host:8000/x failed",
  );
  // A password may hold what ends it elsewhere.
  expect(redactText(`open s3:https://me:p@${CANARY}:x@host/x`)).toBe("open s3:https://(left out)@host/x");
  expect(redactText(`POST https://host/x?token=${CANARY}&a=b failed`)).toBe("POST https://host/x?(left out) failed");
  expect(redactText(`dial root:${CANARY}@tcp(db:3306)/x`)).toBe("dial (left out)@tcp(db:3306)/x");
  expect(redactText("mail to a@b.example.com")).toBe("mail to a@b.example.com");
});

test("tar reads the bundle", () => {
  const tarball = buildTarball(
    [
      { path: "findings.json", data: "[]" },
      { path: "logs/ü.log", data: "x".repeat(5_000) },
    ],
    1_000_000,
  );
  expect(
    execFileSync("tar", ["-tzf", "-"], {
      input: tarball,
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    }),
  ).toMatch(/^findings\.json\nlogs\//);
  expect(execFileSync("tar", ["-xzOf", "-", "findings.json"], { input: tarball, encoding: "utf8" })).toBe("[]");
});
