/** Where the demo's restic repository lies: a folder of this machine, or a bucket of a real server that speaks S3. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../tests/support/objects/apply.ts";
import { startS3Server } from "../../tests/support/restic/backend-servers.ts";

export const BACKENDS = ["local", "s3"] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface DemoBackend {
  /** The Secret and the Repository `wordpress-backups` of namespace demo. */
  readonly manifests: readonly Manifest[];
  /** Where the snapshots lie, for people. */
  readonly place: string;
  stop(): Promise<void>;
}

export interface BackendPlace {
  /** Folder for data. */
  readonly dir: string;
  /** Address of this machine that pods reach. */
  readonly address: string;
}

const NAMESPACE = "demo";
const SECRET = "backup-storage";

function buildManifests(credentials: Readonly<Record<string, string>>, backend: object): readonly Manifest[] {
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: SECRET, namespace: NAMESPACE },
      stringData: { RESTIC_PASSWORD: "not-a-secret-in-a-demo", ...credentials },
    },
    {
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "wordpress-backups", namespace: NAMESPACE },
      spec: { backend: { ...backend, storageSecretName: SECRET } },
    },
  ];
}

async function startLocal({ dir }: BackendPlace): Promise<DemoBackend> {
  const path = join(dir, "repository");
  await mkdir(path, { recursive: true });
  const local = { mountPath: "/safe/repository", hostPath: { path, type: "Directory" } };
  return { manifests: buildManifests({}, { local }), place: path, stop: async () => undefined };
}

/** The keys that s3rver knows. */
const KEY = "S3RVER";

async function startS3({ dir, address }: BackendPlace): Promise<DemoBackend> {
  const server = await startS3Server(dir, address);
  const endpoint = `https://${server.host}:${server.port}`;
  const credentials = {
    AWS_ACCESS_KEY_ID: KEY,
    AWS_SECRET_ACCESS_KEY: KEY,
    ...(server.caPem !== undefined && { CA_CERT_DATA: server.caPem }),
  };
  const s3 = { endpoint, bucket: "backups", prefix: "/demo", region: "us-east-1" };
  return {
    manifests: buildManifests(credentials, { s3 }),
    place: `${endpoint}/backups/demo`,
    stop: () => server.stop(),
  };
}

export function startBackend(name: BackendName, place: BackendPlace): Promise<DemoBackend> {
  return name === "s3" ? startS3(place) : startLocal(place);
}
