import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-batch-explain-"));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web:1, volumeMounts: [{name: files, mountPath: /var/www}]}]
      volumes: [{name: files, emptyDir: {}}]
`;

const INVOKER = `
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: repo}
spec: {backend: {storageSecretName: backend, s3: {endpoint: s3.test, bucket: b}}}
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: {name: nightly}
spec:
  repository: {name: repo}
  retentionPolicy: {name: keep, keepLast: 3, prune: true}
  members:
    - target:
        ref: {apiVersion: apps/v1, kind: Deployment, name: web}
        paths: [/var/www]
        volumeMounts: [{name: VOLUME, mountPath: /var/www}]
`;

const EFFECTS = `
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: repo}
spec: {backend: {storageSecretName: backend, s3: {endpoint: s3.test, bucket: b}}}
---
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: {name: db}
spec: {clientConfig: {url: "tcp://db:3306"}, secret: {name: auth}}
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: {name: nightly}
spec:
  repository: {name: repo}
  retentionPolicy: {name: keep, keepLast: 3, prune: true}
  members:
    - target: {ref: {apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding, name: db}}
      task: {name: mysql-backup}
      hooks: {preBackup: {exec: {command: [sync]}}}
---
apiVersion: stash.appscode.com/v1beta1
kind: RestoreBatch
metadata: {name: back}
spec:
  repository: {name: repo}
  session: nightly-1
  members: [{target: {ref: {apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding, name: db}}}]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: {name: empty}
spec: {repository: {name: repo}, retentionPolicy: {name: keep, keepLast: 3, prune: true}}
`;

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function explain(...args: readonly string[]) {
  const node = join(root, "node_modules/.bin/node");
  const { status, stdout, stderr } = spawnSync(node, [join(root, "cli/main.ts"), "explain", ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("explain of files alone", () => {
  test("shows what would be added, and why", () => {
    const { status, stdout } = explain(
      "--offline",
      "--diff",
      "-f",
      file("web.yaml", DEPLOYMENT),
      "-f",
      file("batch.yaml", INVOKER.replace("VOLUME", "files")),
    );
    expect(stdout.split("\n")[0]).toBe("Deployment default/web: change");
    expect(stdout).toContain("  backed up by a sidecar as member web of BackupBatch default/nightly\n");
    expect(stdout).toContain("backup:  Injected: the container was added");
    expect(stdout).toMatch(/^\+\s+- name: stash$/m);
    expect(stdout).toContain("nothing restarts");
    expect(status).toBe(0);
  });

  test("says that nothing names a workload", () => {
    const { status, stdout } = explain("--offline", "-f", file("alone.yaml", DEPLOYMENT));
    expect(stdout).toContain("Deployment default/web: skip");
    expect(stdout).toContain("NoInvoker");
    expect(status).toBe(0);
  });

  test("warns of a mount whose volume is missing, and names both", () => {
    const { stdout } = explain(
      "--offline",
      "-f",
      file("web2.yaml", DEPLOYMENT),
      "-f",
      file("wrong.yaml", INVOKER.replace("VOLUME", "fils")),
    );
    expect(stdout).toContain("VolumeMissing");
    expect(stdout).toMatch(/warning: .*fils/);
  });

  test("tells what the authors of objects of ours must be allowed to do, and which field asks for it", () => {
    const { status, stdout } = explain("--offline", "-n", "demo", "-f", file("effects.yaml", EFFECTS));
    expect(stdout.split("\n\n")).toContain(
      [
        "BackupBatch demo/nightly: its author must be allowed to",
        "  get appbindings demo/db             (spec.members[0].target.ref)",
        "  create pods in namespace demo       (spec.members[0].target (a job works for it))",
        "  create pods/exec in namespace demo  (spec.members[0].hooks)",
      ].join("\n"),
    );
    expect(stdout).toContain("get secrets demo/auth");
    expect(stdout).toContain("Repository demo/repo: its author must be allowed to\n  get secrets demo/backend");
    expect(stdout).toContain("BackupBatch demo/empty: its author needs no right besides that to write it.");
    expect(status).toBe(0);
  });

  test("says what whoever writes a verifier, or makes a drill of it by hand, must be allowed", () => {
    const drills = `${EFFECTS}---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: {name: weekly, namespace: demo}
spec:
  invoker: {kind: BackupBatch, name: nightly}
  servers: [{member: db, image: "mariadb:11"}]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerificationSession
metadata: {name: by-hand, namespace: demo}
spec: {verifier: weekly}
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerificationSession
metadata: {name: of-nothing, namespace: demo}
spec: {verifier: missing}
`;
    const { status, stdout, stderr } = explain("--offline", "-n", "demo", "-f", file("drills.yaml", drills));
    expect([stderr, status]).toEqual(["", 0]);
    const rightsOf = (name: string) => {
      const [, ...lines] =
        stdout
          .trimEnd()
          .split("\n\n")
          .find((text) => text.startsWith(`${name}: `))
          ?.split("\n") ?? [];
      return lines.map((line) => line.trim().split(/ {2,}/)[0]);
    };
    const ofEveryDrill = ["pods", "persistentvolumeclaims", "networkpolicies"].map(
      (what) => `create ${what} in namespace demo`,
    );
    expect(rightsOf("BackupVerifier demo/weekly")).toEqual([...ofEveryDrill, "get appbindings demo/db"]);
    expect(rightsOf("BackupVerificationSession demo/by-hand")).toEqual([...ofEveryDrill, "get appbindings demo/db"]);
    expect(rightsOf("BackupVerificationSession demo/of-nothing")).toEqual(ofEveryDrill);
    expect(stdout).toContain("(BackupVerifier weekly, spec.");
  });

  test("names the field of an object that can't be read", () => {
    const { status, stderr } = explain(
      "--offline",
      "-f",
      file("bad.yaml", `${DEPLOYMENT}---${INVOKER.replace("paths: [/var/www]", "paths: 5")}`),
    );
    expect(stderr).toContain("spec.members[0].target.paths");
    expect(status).toBe(1);
  });

  test("says in one line what is wrong with its flags", () => {
    const { status, stderr } = explain("pod/web", "--offline");
    expect(stderr).toContain("pod/web is no KIND/NAME; --offline has no live objects");
    expect(status).toBe(2);
  });
});
