import { describe, expect, test } from "vitest";
import { buildVariables } from "../../../../reconciler/jobs/variables.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { aBackup, aRestore, DB_REF, PVC_REF, repository, resolved } from "./builders.ts";

describe("a backup's variables", () => {
  test("tell session, invoker, target, repository and image", () => {
    const view = aBackup({
      target: { ref: PVC_REF, alias: "files", paths: ["/a", "/b"], exclude: ["*.tmp", "x"], args: ["--one", "--two"] },
      tempDir: { disableCaching: true },
    });
    const policy = { name: "keep", keepLast: 3, keepDaily: 0, keepTags: ["a", "b"], prune: true };
    expect(buildVariables(view, policy)).toEqual({
      NAMESPACE: "demo",
      BACKUP_SESSION: "nightly-1714435200",
      INVOKER_KIND: "BackupConfiguration",
      INVOKER_NAME: "nightly",
      REPOSITORY_NAME: "repo",
      REPOSITORY_NAMESPACE: "demo",
      REPOSITORY_PROVIDER: "s3",
      REPOSITORY_BUCKET: "b",
      REPOSITORY_PREFIX: "/p",
      REPOSITORY_ENDPOINT: "s3.example.org",
      REPOSITORY_REGION: "r",
      REPOSITORY_INSECURE_TLS: "false",
      REPOSITORY_SECRET_NAME: "backend",
      REPOSITORY_SECRET_NAMESPACE: "demo",
      MAX_CONNECTIONS: "0",
      TARGET_KIND: "PersistentVolumeClaim",
      TARGET_NAME: "files",
      TARGET_NAMESPACE: "demo",
      TARGET_PATHS: "/a,/b",
      TARGET_MOUNT_PATH: "/stash-data",
      EXCLUDE_PATTERNS: "*.tmp,x",
      DRIVER_ARGS: "--one --two",
      HOSTNAME: "files",
      INTERIM_DATA_DIR: "/stash-tmp/stash-interim-volume/data",
      ENABLE_CACHE: "false",
      RETENTION_KEEP_LAST: "3",
      RETENTION_KEEP_TAGS: "a,b",
      RETENTION_PRUNE: "true",
      STASH_IMAGE: "registry.example.org/team/stash-batch:1.2",
      STASH_DOCKER_REGISTRY: "registry.example.org/team",
      STASH_DOCKER_IMAGE: "stash-batch",
      STASH_IMAGE_TAG: "1.2",
      LICENSE_APISERVICE: "",
      PROMETHEUS_PUSHGATEWAY_URL: "",
      PROMETHEUS_JOB_NAME: "nightly",
    });
  });

  test("leave out what has no value, and take defaults of paths", () => {
    const variables = buildVariables(aBackup({ target: { ref: DB_REF } }));
    expect(variables).toMatchObject({ TARGET_PATHS: "/stash-data", HOSTNAME: "host-0" });
    for (const name of ["EXCLUDE_PATTERNS", "DRIVER_ARGS", "RETENTION_PRUNE", "RESTORE_PATHS"]) {
      expect(variables).not.toHaveProperty(name);
    }
  });

  test("S6a: stay what they are, whatever the parameters of the task say; others are the task's", () => {
    const params = {
      args: "--databases shop",
      TARGET_NAME: "payroll",
      NAMESPACE: "kube-system",
      EXCLUDE_PATTERNS: "x",
    };
    const task = resolved("mysql-backup", params);
    const variables = buildVariables(aBackup({ target: { ref: DB_REF } }, { task }));
    expect(variables).toMatchObject({ args: "--databases shop", TARGET_NAME: "db", NAMESPACE: "demo" });
    expect(variables).not.toHaveProperty("EXCLUDE_PATTERNS");
  });

  test("name the interim volume's folder when there is one", () => {
    const spec = { target: { ref: DB_REF }, interimVolumeTemplate: { metadata: { name: "interim" }, spec: {} } };
    expect(buildVariables(aBackup(spec))).toMatchObject({ INTERIM_DATA_DIR: "/stash-interim-volume/data" });
  });

  test.each([
    [{ local: { mountPath: "/repo", hostPath: { path: "/x" } } }, { PROVIDER: "local", BUCKET: "/repo", PREFIX: "" }],
    [{ gcs: { bucket: "g", prefix: "p", maxConnections: 7 } }, { PROVIDER: "gcs", BUCKET: "g", PREFIX: "p" }],
    [{ azure: { container: "c" } }, { PROVIDER: "azure", BUCKET: "c", PREFIX: "" }],
    [{ swift: { container: "c", prefix: "p" } }, { PROVIDER: "swift", BUCKET: "c", PREFIX: "p" }],
    [{ b2: { bucket: "b", maxConnections: 3 } }, { PROVIDER: "b2", BUCKET: "b", PREFIX: "" }],
    [
      { rest: { url: "https://user@host.example.org:8000/a/b" } },
      {
        PROVIDER: "rest",
        BUCKET: "host.example.org:8000",
        PREFIX: "/a/b",
        ENDPOINT: "https://user@host.example.org:8000/a/b",
      },
    ],
  ])("tell the backend %j", (backend, expected) => {
    const other = parseRepository({ ...repository, spec: { backend } });
    const variables = buildVariables(aBackup({ target: { ref: DB_REF } }, { repository: other }));
    const prefixed = Object.fromEntries(Object.entries(expected).map(([name, value]) => [`REPOSITORY_${name}`, value]));
    expect(variables).toMatchObject(prefixed);
    expect(variables).not.toHaveProperty("REPOSITORY_SECRET_NAME");
  });
});

describe("a restore's variables", () => {
  test("come from the rule that holds for the host", () => {
    const rules = [
      { targetHosts: ["other"], paths: ["/no"] },
      { sourceHost: "from", paths: ["/a", "/b"], include: ["x"], exclude: ["y"] },
    ];
    expect(buildVariables(aRestore({ target: { ref: DB_REF, alias: "db", rules } }))).toMatchObject({
      RESTORE_SESSION: "back",
      HOSTNAME: "db",
      SOURCE_HOSTNAME: "from",
      RESTORE_PATHS: "/a,/b",
      RESTORE_SNAPSHOTS: "",
      INCLUDE_PATTERNS: "x",
      EXCLUDE_PATTERNS: "y",
      TARGET_APP_REPLICAS: "1",
    });
  });

  test("L43: name the source host also where the rule leaves it out", () => {
    const variables = buildVariables(aRestore({ target: { ref: DB_REF, rules: [{ snapshots: ["latest"] }] } }));
    expect(variables).toMatchObject({ HOSTNAME: "host-0", SOURCE_HOSTNAME: "host-0", RESTORE_SNAPSHOTS: "latest" });
  });
});
