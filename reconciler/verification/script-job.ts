/** The job of a verifier's script: the user's container, with all that was restored. Pure. */
import type { BackupVerificationSession, DrillServer } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { LabelValue } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { enforcesRestricted } from "../../shared/injection/backend-volume.ts";
import { jobResources } from "../../shared/injection/container-resources.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { POD_SECURITY } from "../jobs/security.ts";
import { scriptJobName } from "./names.ts";
import { drillMetadata, drillNameOf } from "./objects.ts";
import { drillPod, PASSWORD_KEY, RESTRICTED_CONTAINER, type ServerJobFacts } from "./server-objects.ts";
import { drillMounts, drillVolumes } from "./verify-job.ts";

export const SCRIPT_CONTAINER = "script";

/** Who restored in such a namespace: files that are nobody else's can be read by that user alone. */
const NOBODY = 65534;
const RESTRICTED_POD = { ...POD_SECURITY, runAsNonRoot: true, runAsUser: NOBODY, runAsGroup: NOBODY } as const;

/** @throws UserError INVALID_OBJECT without a script */
export function planScriptJob(
  drill: BackupVerificationSession,
  { script, runtimeSettings }: BackupVerifier["spec"],
  { installation, namespace: facts, limitRanges, deadlineSeconds }: ServerJobFacts,
): JsonObject {
  if (script === undefined) throw new UserError("INVALID_OBJECT", "spec.script is missing");
  const { volumes = [], servers = [], point } = drill.status ?? {};
  const base = drillPod(drill, { settings: runtimeSettings, installation, own: LabelValue.Script });
  const { container } = runtimeSettings ?? {};
  const isRestricted = enforcesRestricted(facts);
  const securityContext = { ...(isRestricted && RESTRICTED_CONTAINER), ...container?.securityContext };
  const metadata = drillMetadata(drill, scriptJobName(drillNameOf(drill)));
  const known = [
    { name: "DRILL_FOLDER", value: "/drill" },
    { name: "DRILL_POINT", value: point?.session ?? "" },
    { name: "DRILL_POINT_TIME", value: point?.time ?? "" },
    ...servers.flatMap(serverVariables),
  ];
  const hostAliases = servers.flatMap(hostAlias);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...metadata, labels: base.labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds,
      template: {
        metadata: base.metadata,
        spec: {
          ...base.spec,
          ...(hostAliases.length > 0 && { hostAliases }),
          securityContext: runtimeSettings?.pod?.securityContext ?? (isRestricted ? RESTRICTED_POD : POD_SECURITY),
          containers: [
            {
              name: SCRIPT_CONTAINER,
              image: script.image,
              imagePullPolicy: "IfNotPresent",
              ...(script.command !== undefined && { command: script.command }),
              ...(script.args !== undefined && { args: script.args }),
              // What the author says counts last: these are no one's but the script's.
              env: [...known, ...(script.env ?? [])],
              resources: jobResources(installation.resources, limitRanges, container?.resources),
              ...(Object.keys(securityContext).length > 0 && { securityContext }),
              volumeMounts: drillMounts(volumes, false),
            },
          ],
          volumes: drillVolumes(volumes),
        },
      },
    },
  };
}

/** `DRILL_DB_HOST` and its like for the member `db`. */
function serverVariables({
  name,
  member,
  address = "",
  port,
  user,
  database = "",
}: DrillServer): readonly JsonObject[] {
  const prefix = `DRILL_${member.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  return [
    { name: `${prefix}_HOST`, value: address },
    { name: `${prefix}_PORT`, value: String(port) },
    { name: `${prefix}_USER`, value: user },
    { name: `${prefix}_PASSWORD`, valueFrom: { secretKeyRef: { name, key: PASSWORD_KEY } } },
    ...(database === "" ? [] : [{ name: `${prefix}_DATABASE`, value: database }]),
  ];
}

/** A server answers to the member's alias too, where that can be the name of a host. */
function hostAlias({ member, address }: DrillServer): readonly JsonObject[] {
  const isName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(member);
  return isName && address ? [{ ip: address, hostnames: [member] }] : [];
}
