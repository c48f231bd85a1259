/** A MariaDB whose data directory is a member: a StatefulSet with a claim, and hooks that hold its files still. */
import type { Manifest } from "../objects/apply.ts";

export const MARIADB_IMAGE = "tests/mariadb-files:1";

const CLIENT = "mariadb --no-defaults --socket=/run/db/s.sock --user=root --batch --skip-column-names";

/** Makes the database where there is none, as the usual images do: whoever starts un-restored gets an empty one. */
const SERVER = `set -eu
mkdir -p /run/db
test -d /data/mysql || mariadb-install-db --no-defaults --user=root --datadir=/data --auth-root-authentication-method=normal --skip-test-db >/dev/null
exec mariadbd --no-defaults --user=root --datadir=/data --socket=/run/db/s.sock --pid-file=/run/db/pid --skip-networking --innodb-buffer-pool-size=32M`;

/** Writes everything down, and keeps a session open that lets nobody write. */
const LOCK = `set -eu
${CLIENT} -e 'SET GLOBAL innodb_max_dirty_pages_pct = 0'
setsid ${CLIENT} --unbuffered -e 'FLUSH TABLES WITH READ LOCK; SELECT 1; SELECT SLEEP(600)' >/run/db/locked 2>&1 </dev/null &
echo $! >/run/db/locker
until test -s /run/db/locked; do sleep 0.05; done
while test "$(${CLIENT} -e "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'" | cut -f2)" != 0; do sleep 0.05; done`;

const UNLOCK = `kill "$(cat /run/db/locker)"
${CLIENT} -e "SELECT CONCAT('KILL ', ID, ';') FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(600)%'" | ${CLIENT}
rm /run/db/locker /run/db/locked`;

/** A script that runs SQL in the server's container. */
export function sqlScript(sql: string): string {
  return `${CLIENT} <<'SQL'\n${sql}\nSQL`;
}

/** Adds a row every few milliseconds until the server ends. */
export const WRITER = `setsid sh -c 'while ${CLIENT} shop -e "INSERT INTO tick () VALUES ()"; do sleep 0.02; done' >/dev/null 2>&1 </dev/null &`;

export const LOCKING_HOOKS = {
  preBackup: { exec: { command: ["sh", "-c", LOCK] }, containerName: "server" },
  postBackup: { exec: { command: ["sh", "-c", UNLOCK] }, containerName: "server" },
};

export function mariadbManifest(namespace: string): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db", namespace },
    spec: {
      replicas: 1,
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: {
        metadata: { labels: { app: "db" } },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: "server",
              image: MARIADB_IMAGE,
              command: ["bash", "-c", SERVER],
              readinessProbe: { exec: { command: ["sh", "-c", `${CLIENT} -e 'SELECT 1'`] }, periodSeconds: 1 },
              volumeMounts: [
                { name: "files", mountPath: "/data" },
                { name: "run", mountPath: "/run/db" },
              ],
            },
          ],
          volumes: [{ name: "run", emptyDir: {} }],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "files" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        },
      ],
    },
  };
}
