/** The objects of a throw-away database server: its Secret, the Job that it runs in, and the AppBinding that points to it. Pure. */
import type { BackupVerificationSession, DrillServer } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Annotation, Label, LabelValue, Path } from "../../shared/contract.ts";
import { DATABASES, type DatabaseServerRow, isDatabaseName } from "../../shared/databases.ts";
import { UserError } from "../../shared/errors.ts";
import { enforcesRestricted } from "../../shared/injection/backend-volume.ts";
import { resourcesWithin } from "../../shared/injection/container-resources.ts";
import type { LimitRange } from "../../shared/injection/limit-range.ts";
import type { InjectionSettings, NamespaceFacts } from "../../shared/injection/view.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import { appType } from "../../shared/target/app-binding.ts";
import { pullSecretFields } from "../jobs/pull-secrets.ts";
import { POD_SECURITY } from "../jobs/security.ts";
import { drillLabels, drillMetadata } from "./objects.ts";

/** Of the Secret. The agent looks for it there. */
export const PASSWORD_KEY = "password";
const SERVER_CONTAINER = "server";
const VOLUME = "files";
/** It is thrown away: what it has not written down yet is of no use to anybody. */
const GRACE_SECONDS = 1;
/** Enough to start with. Limits are there since a quota may ask for them: loading a dump takes less than that with the usual images. */
const RESOURCES = {
  requests: { cpu: "50m", memory: "256Mi" },
  limits: { cpu: "2", memory: "2Gi" },
} as const;

/** @throws UserError DRILL_NOT_POSSIBLE when the type is none that we know */
function serverRow({ type, member }: Pick<DrillServer, "type" | "member">): DatabaseServerRow {
  const { resource } = appType(type);
  if (isDatabaseName(resource)) return DATABASES[resource].server;
  throw new UserError("DRILL_NOT_POSSIBLE", `member ${member}: no server of the type ${type} can be started`);
}

/** @param password nobody has to remember it */
export function buildServerSecret(
  drill: BackupVerificationSession,
  { name }: DrillServer,
  password: string,
): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: drillMetadata(drill, name),
    type: "Opaque",
    stringData: { [PASSWORD_KEY]: password },
  };
}

export interface ServerJobFacts {
  readonly settings: BackupVerifier["spec"]["runtimeSettings"];
  readonly installation: Pick<InjectionSettings, "pullSecrets" | "resources">;
  readonly namespace: NamespaceFacts;
  /** Of the namespace: defaults give way to them. */
  readonly limitRanges: readonly LimitRange[];
  readonly deadlineSeconds: number;
}

/** What pods that run programs of others have in common, with the pod's settings of the verifier. @param own what the job is for, as its label says */
export function drillPod(
  drill: BackupVerificationSession,
  { settings, installation, own }: Pick<ServerJobFacts, "settings" | "installation"> & { readonly own: string },
) {
  const { podLabels, podAnnotations, serviceAccountAnnotations: _, ...podFields } = settings?.pod ?? {};
  const { namespace, uid = "" } = drill.metadata;
  const labels = { ...drillLabels(drill), [Label.JobOwner]: uid, [Label.JobTarget]: own };
  return {
    labels,
    metadata: {
      labels: { ...withoutOwnKeys(podLabels), ...labels },
      annotations: { ...withoutOwnKeys(podAnnotations), [Annotation.JobOwnSteps]: "" },
    },
    spec: {
      automountServiceAccountToken: false,
      ...podFields,
      ...pullSecretFields({
        settings: installation,
        namespace,
        asked: podFields.imagePullSecrets,
        hasUsersAccount: podFields.serviceAccountName !== undefined,
      }),
      restartPolicy: "Never",
    },
  };
}

/**
 * The server runs in a Job for its deadline: it ends with the drill's time, whatever becomes of the reconciler. Of the verifier's settings
 * those of the pod count, and the container's resources: users and variables of the other containers are none of a server.
 *
 * @throws UserError DRILL_NOT_POSSIBLE
 */
export function buildServerJob(
  drill: BackupVerificationSession,
  server: DrillServer,
  { settings, installation, namespace, limitRanges, deadlineSeconds }: ServerJobFacts,
): JsonObject {
  const row = serverRow(server);
  const { name, image } = server;
  const base = drillPod(drill, { settings, installation, own: LabelValue.DrillServer });
  const { args, variables = {} } = row.files(`${Path.DrillServer}/files`);
  const isRestricted = enforcesRestricted(namespace);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...drillMetadata(drill, name), labels: base.labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds,
      template: {
        metadata: base.metadata,
        spec: {
          ...base.spec,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          securityContext: settings?.pod?.securityContext ?? podSecurity(row, isRestricted),
          containers: [
            {
              name: SERVER_CONTAINER,
              image,
              imagePullPolicy: "IfNotPresent",
              ...(args !== undefined && { args }),
              env: [
                {
                  name: row.passwordVariable,
                  valueFrom: { secretKeyRef: { name, key: PASSWORD_KEY } },
                },
                ...Object.entries(variables).map(([variable, value]) => ({ name: variable, value })),
              ],
              ports: [{ containerPort: server.port, protocol: "TCP" }],
              resources: resourcesWithin(RESOURCES, limitRanges, settings?.container?.resources),
              // The last lines of a server that does not start become the reason of the drill.
              terminationMessagePolicy: "FallbackToLogsOnError",
              ...(isRestricted && { securityContext: RESTRICTED_CONTAINER }),
              volumeMounts: [{ name: VOLUME, mountPath: Path.DrillServer }],
            },
          ],
          volumes: [{ name: VOLUME, persistentVolumeClaim: { claimName: name } }],
        },
      },
    },
  };
}

/** What Pod Security `restricted` asks of a container, beside what it asks of the pod. */
export const RESTRICTED_CONTAINER = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** The usual images start as root and give that up themselves; where that is forbidden they run as their other user from the beginning. */
function podSecurity({ userId }: DatabaseServerRow, isRestricted: boolean): JsonObject {
  if (!isRestricted) return POD_SECURITY;
  return { ...POD_SECURITY, runAsNonRoot: true, runAsUser: userId, runAsGroup: userId, fsGroup: userId };
}

/** Points to the server, and to nothing of the application's. @throws UserError DRILL_NOT_POSSIBLE */
export function buildServerBinding(drill: BackupVerificationSession, server: DrillServer): JsonObject {
  const { name, type, version, address = "", port } = server;
  const host = address.includes(":") ? `[${address}]` : address;
  return {
    apiVersion: KINDS.AppBinding.apiVersion,
    kind: KINDS.AppBinding.kind,
    metadata: drillMetadata(drill, name),
    spec: {
      type,
      ...(version !== undefined && { version }),
      clientConfig: { url: `${serverRow(server).scheme}://${host}:${port}` },
      secret: { name },
    },
  };
}
