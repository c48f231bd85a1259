/**
 * The example of manifests/examples as it is, but for its namespace, which other tests have, and the Repository's backend: a
 * database by job and files by sidecar in one BackupBatch, both back in one RestoreBatch, the database alone by a RestoreSession.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../../shared/status/backup-phase.ts";
import { eventually } from "../../support/eventually.ts";
import type { JobStand } from "../../support/jobs/job-stand.ts";
import { applyManifests, type Manifest, parseManifests } from "../../support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";

const NAMESPACE = "jobs-wordpress";
const EXAMPLES = resolve(import.meta.dirname, "../../../manifests/examples");
const POST = "stash-batch-backup-test";

async function readExample(name: string): Promise<readonly Manifest[]> {
  const text = await readFile(join(EXAMPLES, `${name}.yaml`), "utf8");
  return parseManifests(text.replaceAll(/^( {2}(?:namespace|name)): demo$/gm, `$1: ${NAMESPACE}`));
}

/** The store is a folder of this machine. */
function withLocalStore(manifest: Manifest, path: string): Manifest {
  if (manifest.kind === "Secret") return { ...manifest, stringData: { RESTIC_PASSWORD: "changeit" } };
  if (manifest.kind !== "Repository") return manifest;
  const local = { mountPath: "/safe/repository", hostPath: { path, type: "Directory" } };
  return { ...manifest, spec: { backend: { storageSecretName: "gcs-secret", local } } };
}

export function testWordpress(stand: () => JobStand): void {
  test("the WordPress of the manual comes back, database and files, and its database alone", async () => {
    const { client, product } = stand();
    const runs = stand().in(NAMESPACE);
    const sql = (text: string): Promise<string> =>
      runs.run(
        "wordpress-db",
        "mysql",
        `mariadb --no-defaults --host=127.0.0.1 --user=root --password="$MYSQL_ROOT_PASSWORD" --batch --skip-column-names <<'SQL'\n${text}\nSQL`,
      );
    const posts = () => sql("SELECT id, post_name, HEX(post_content) FROM wordpress.wp_posts ORDER BY id");
    const files = () =>
      runs.run("wordpress-app", "wordpress", "cd /var/www/html && find . -type f | sort | xargs sha256sum");

    const store = join(product.dir, "wordpress");
    await mkdir(store);
    await applyManifests(client, await readExample("wordpress"));
    await waitForReadyPods(client, NAMESPACE, "app=wordpress-db", 1, 60_000);
    await runs.run("wordpress-db", "mysql", "until (: </dev/tcp/127.0.0.1/3306) 2>/dev/null; do sleep 0.1; done");
    await sql(
      `CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4;
       CREATE TABLE wordpress.wp_posts (id INT PRIMARY KEY, post_name VARCHAR(200), post_content LONGTEXT);
       INSERT INTO wordpress.wp_posts VALUES (1, 'hello-world', 'Grüße 🦆'), (2, '${POST}', 'it\\'s "here"');`,
    );
    const backup = await readExample("wordpress-backup");
    await applyManifests(
      client,
      backup.map((manifest) => withLocalStore(manifest, store)),
    );
    await runs.untilReady("BackupBatch", "wordpress-backup");
    await waitForContainer(client, NAMESPACE, "app=wordpress-app", "stash", 1, 60_000);
    const pause = { kind: "merge", body: { spec: { paused: true } } } as const;
    await client.patch(KINDS.BackupBatch, NAMESPACE, "wordpress-backup", pause, asIs);
    // A slot of its schedule may have come before: while that one's session goes on no other is begun.
    const sessions = () => client.list(KINDS.BackupSession, NAMESPACE, parseBackupSession);
    const isOver = ({ status }: BackupSession) => isFinalSessionPhase(status?.phase);
    await eventually(sessions, ({ items }) => items.every(isOver), 60_000);
    const before = await Promise.all([posts(), files()]);

    await runs.begin("wordpress-backup");
    const session = await runs.untilEnd("wordpress-backup");
    expect(session.phase, JSON.stringify(session)).toBe("Succeeded");
    const hosts = (session.targets ?? []).flatMap(({ stats }) => stats ?? []);
    expect(hosts.map(({ hostname, snapshots }) => [hostname, snapshots?.map(({ path }) => path)])).toEqual([
      ["db", ["dumpfile.sql"]],
      ["app", ["/var/www/html"]],
    ]);

    await sql(`DELETE FROM wordpress.wp_posts WHERE post_name = '${POST}'`);
    await runs.run("wordpress-app", "wordpress", "rm -r /var/www/html/wp-content");
    await applyManifests(client, await readExample("wordpress-restore"));
    const restore = await runs.untilRestored("RestoreBatch", "wordpress-restore");
    expect(restore.status?.phase, JSON.stringify(restore.status)).toBe("Succeeded");
    expect(await Promise.all([posts(), files()])).toEqual(before);

    await sql("DROP DATABASE wordpress");
    await applyManifests(client, await readExample("wordpress-db-restore"));
    const second = await runs.untilRestored("RestoreSession", "wordpress-db-restore");
    expect(second.status?.phase, JSON.stringify(second.status)).toBe("Succeeded");
    expect(await posts()).toBe(before[0]);
    await client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  });
}
