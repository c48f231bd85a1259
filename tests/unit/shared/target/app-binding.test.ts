import { describe, expect, test } from "vitest";
import type { AppBinding, SecretTransform } from "../../../../shared/api/app-binding.ts";
import { UserError } from "../../../../shared/errors.ts";
import {
  appAddress,
  applySecretTransforms,
  appSecretNames,
  appType,
  chooseTask,
  defaultTaskName,
} from "../../../../shared/target/app-binding.ts";

type ClientConfig = AppBinding["spec"]["clientConfig"];

function bindingOf(clientConfig: ClientConfig) {
  return { metadata: { namespace: "demo", name: "db" }, spec: { clientConfig } };
}

const SERVICE = { scheme: "mysql", name: "db", port: 3306 };

describe("an address", () => {
  test.each<[string, ClientConfig, string, number | undefined]>([
    ["of a Service", { service: SERVICE }, "db.demo.svc", 3306],
    ["of a Service elsewhere", { service: { ...SERVICE, namespace: "prod" } }, "db.prod.svc", 3306],
    ["of a Service wins over a URL", { service: SERVICE, url: "tcp://other:1" }, "db.demo.svc", 3306],
    ["of a URL", { url: "postgresql://user:secret@pg.example.org:5433/app?sslmode=require" }, "pg.example.org", 5433],
    ["of a URL without port", { url: "https://es.example.org/path" }, "es.example.org", undefined],
    ["of a URL with the port of HTTP", { url: "tcp://host:80/x" }, "host", 80],
    ["of a URL with IPv6", { url: "tcp://[::1]:6379" }, "::1", 6379],
    ["of a data source", { url: "user:p@ss/word@tcp(db.example.org:3307)/app?tls=true" }, "db.example.org", 3307],
    ["of a data source without port", { url: "tcp(db)/app" }, "db", undefined],
    ["of a data source with IPv6", { url: "u@tcp([fd00::5]:3306)/" }, "fd00::5", 3306],
  ])("%s", (_what, config, host, port) => {
    expect(appAddress(bindingOf(config))).toMatchObject({ host, port });
  });

  test("carries path and query", () => {
    const address = appAddress(bindingOf({ service: { ...SERVICE, path: "app", query: "sslmode=require&x=1" } }));
    expect(address.path).toBe("app");
    expect(Object.fromEntries(address.query)).toEqual({ sslmode: "require", x: "1" });
    expect(appAddress(bindingOf({ url: "u@tcp(db:1)/shop" })).path).toBe("/shop");
  });

  test.each<[string, ClientConfig]>([
    ["nothing", {}],
    ["a text that is neither", { url: "what is this" }],
    ["a broken URL", { url: "tcp://:bad:/" }],
  ])("of %s is refused with the AppBinding's name", (_what, config) => {
    expect(() => appAddress(bindingOf(config))).toThrow(expect.objectContaining({ code: "TARGET_INVALID" }));
    expect(() => appAddress(bindingOf(config))).toThrow("AppBinding demo/db");
  });
});

test("a type is split at its last slash", () => {
  expect(appType("kubedb.com/postgres")).toEqual({ group: "kubedb.com", resource: "postgres" });
  expect(appType("Opaque")).toEqual({ group: "", resource: "Opaque" });
});

describe("secretTransforms", () => {
  const data = new Map([
    ["user", "root"],
    ["old", "x"],
  ]);
  const transform = (...transforms: SecretTransform[]) =>
    Object.fromEntries(applySecretTransforms(data, transforms, () => new Map([["more", "m"]])));

  test("are applied in order", () => {
    expect(
      transform(
        { renameKey: { from: "user", to: "username" } },
        { addKey: { key: "password", value: Buffer.from("é€").toString("base64") } },
        { addKey: { key: "host", stringValue: "h", value: "aWdub3JlZA==" } },
        { addKeysFrom: { secretRef: { name: "other" } } },
        { removeKey: { key: "old" } },
        { renameKey: { from: "username", to: "u" } },
      ),
    ).toEqual({ u: "root", password: "é€", host: "h", more: "m" });
    expect(Object.fromEntries(data)).toEqual({ user: "root", old: "x" });
  });

  test.each<[string, SecretTransform]>([
    ["a key that is not there", { renameKey: { from: "nobody", to: "x" } }],
    ["nothing at all", {}],
  ])("that change %s are refused", (_what, one) => {
    expect(() => transform(one)).toThrow(UserError);
  });
});

test("every Secret that credentials come from is named once", () => {
  const spec = {
    clientConfig: {},
    secret: { name: "auth" },
    tlsSecret: { name: "tls" },
    secretTransforms: [
      { addKeysFrom: { secretRef: { name: "more" } } },
      { addKeysFrom: { secretRef: { name: "auth" } } },
    ],
  };
  expect(appSecretNames({ spec })).toEqual(["auth", "tls", "more"]);
});

describe("the Task of a member", () => {
  const parameters = {
    stash: {
      addon: {
        backupTask: { name: "mysql-backup-8.0.21", params: [{ name: "args", value: "--all-databases" }] },
        restoreTask: { name: "mysql-restore-8.0.21", params: [{ name: "waitTimeout", value: "9" }] },
      },
    },
  };

  test("is the addon's when it names none", () => {
    expect(chooseTask(undefined, parameters, "backup")).toEqual({
      name: "mysql-backup-8.0.21",
      params: { args: "--all-databases" },
    });
  });

  test("is its own when it names one, with its params over the addon's", () => {
    const own = { name: "mine", params: [{ name: "args", value: "app" }] };
    expect(chooseTask(own, parameters, "backup")).toEqual({ name: "mine", params: { args: "app" } });
  });

  test("L47: a restore never gets the params of the addon's backup", () => {
    const own = { params: [{ name: "args", value: "app" }] };
    expect(chooseTask(own, parameters, "restore")).toEqual({
      name: "mysql-restore-8.0.21",
      params: { waitTimeout: "9", args: "app" },
    });
  });

  test.each([
    ["PersistentVolumeClaim", undefined, "pvc-restore"],
    ["AppBinding", "kubedb.com/postgres", "postgres-restore"],
    ["AppBinding", "mysql", "mysql-restore"],
    ["AppBinding", "kubedb.com/mongodb", undefined],
    ["StatefulSet", undefined, undefined],
  ])("is by default what a %s of type %s says: %s", (kind, type, expected) => {
    const fallback = defaultTaskName(kind, type === undefined ? undefined : { type }, "restore");
    expect(chooseTask(undefined, undefined, "restore", fallback)?.name).toBe(expected);
    expect(chooseTask({ name: "mine" }, undefined, "restore", fallback)?.name).toBe("mine");
  });

  test("is missing when nobody names one", () => {
    expect(chooseTask({ params: [] }, undefined, "backup")).toBeUndefined();
  });
});
