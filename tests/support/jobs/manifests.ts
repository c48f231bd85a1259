/** A MariaDB and a PostgreSQL in pods, each behind a Service and an AppBinding, and a pod that holds a volume. */
import type { TestImages } from "../images/test-image.ts";

/** Entry point of a PostgreSQL: its user `postgres` has the password of an environment variable. */
function postgresCommand(folder: string, data: string, password: string): readonly string[] {
  return [
    "bash",
    "-c",
    `set -eu
bin=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\\n' | tail -1); folder="${folder}"; data="${data}"
mkdir -p $folder/run && chown postgres $folder $folder/run
printf %s "$${password}" >$folder/password
test -d $data || setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/initdb" --pgdata=$data --username=postgres --pwfile=$folder/password --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C --no-sync >/dev/null
echo 'host all all all scram-sha-256' >>$data/pg_hba.conf
exec setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/postgres" -D $data -k $folder/run -c listen_addresses='*' -c fsync=off`,
  ];
}

/** Of the Repository `store`. */
export const JOBS_PASSWORD = "not-a-secret";

/** Blanks, quotes and what an option file or a shell would take for its own. */
export const DB_PASSWORD = "p\"a'#; \\s=$x";

/** Entry point of a MariaDB whose root has the password of an environment variable. */
function mariadbCommand(folder: string, variable: string): readonly string[] {
  const password = `$(printf %s "$${variable}" | sed "s/[\\\\\\\\']/\\\\\\\\&/g")`;
  const grant = `"CREATE OR REPLACE USER root@'%' IDENTIFIED BY '${password}';" "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"`;
  const script = `set -eu
test -d ${folder}/db || mariadb-install-db --no-defaults --user=root --datadir=${folder}/db --auth-root-authentication-method=normal --skip-test-db >/dev/null
printf '%s\\n' ${grant} >${folder}/init.sql
exec mariadbd --no-defaults --user=root --datadir=${folder}/db --socket=${folder}/s.sock --pid-file=${folder}/pid --port=3306 --bind-address=0.0.0.0 --skip-name-resolve --init-file=${folder}/init.sql`;
  return ["bash", "-c", script];
}

/** Entry points of the databases' images, and of one in manifests/examples. */
export const DATABASE_IMAGES: TestImages = {
  // Fills its folder once, as that image does; no browser comes by.
  "wordpress:6-apache": {
    command: [
      "bash",
      "-c",
      "cd /var/www/html && { test -d wp-content || { mkdir -p wp-content/uploads && head -c 300000 /dev/urandom >wp-content/uploads/picture.jpg && echo $WORDPRESS_DB_HOST >wp-config.php; }; } && trap 'exit 0' TERM && { sleep 1000000 & wait; }",
    ],
  },
  "tests/mariadb:1": { command: mariadbCommand("/data", "PASSWORD") },
  "tests/postgres:1": { command: postgresCommand("/data", "/data/db", "PASSWORD") },
  // As the usual image: told by variables where its files belong.
  "postgres:16": { command: postgresCommand("$(dirname $PGDATA)", "$PGDATA", "POSTGRES_PASSWORD") },
  "tests/keeper:1": { command: ["sleep", "1000000"] },
};

function database(namespace: string, name: string, port: number, scheme: string): string {
  return `
apiVersion: v1
kind: Secret
metadata: { name: ${name}-auth, namespace: ${namespace} }
stringData: { user: ${name === "mariadb" ? "root" : "postgres"}, password: ${JSON.stringify(DB_PASSWORD)} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  strategy: { type: Recreate }
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: server
          image: tests/${name}:1
          env: [{ name: PASSWORD, valueFrom: { secretKeyRef: { name: ${name}-auth, key: password } } }]
          readinessProbe: { tcpSocket: { port: ${port} }, periodSeconds: 1 }
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [{ port: ${port}, protocol: TCP }] }
---
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  type: kubedb.com/${name}
  clientConfig: { service: { scheme: ${scheme}, name: ${name}, port: ${port} } }
  secret: { name: ${name}-auth }
  secretTransforms: [{ renameKey: { from: user, to: username } }]
  parameters:
    apiVersion: appcatalog.appscode.com/v1alpha1
    kind: StashAddon
    stash:
      addon:
        backupTask: { name: ${name}-backup-10.6.23-v1 }
        restoreTask: { name: ${name}-restore-10.6.23-v1 }
---`;
}

/** @param repository folder of this machine that holds the restic repository */
export function jobsManifest(namespace: string, repository: string): string {
  return `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${namespace} }
stringData: { RESTIC_PASSWORD: ${JOBS_PASSWORD} }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${namespace} }
spec:
  backend:
    storageSecretName: backend
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }
---
${database(namespace, "mariadb", 3306, "mysql")}
${database(namespace, "postgres", 5432, "postgresql")}
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: files, namespace: ${namespace} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: keeper, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: keeper } }
  template:
    metadata: { labels: { app: keeper } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - { name: keeper, image: "tests/keeper:1", volumeMounts: [{ name: files, mountPath: /files }] }
      volumes: [{ name: files, persistentVolumeClaim: { claimName: files } }]
`;
}
