/**
 * The fields of upstream's kinds as its reference lists them, written down by hand and apart from our schemas, so that a
 * schema that forgets one is found. `a.{b c[].d}` stands for `a.b` and `a.c[].d`; an `!` marks a required field. Types of
 * Kubernetes itself end at their name: what is in them is kept whole.
 */
import type { KindName } from "../../../shared/api/kinds.ts";

const param = "{name! value!}";
const taskRef = `{name params[].${param}}`;
const targetRef = "{apiVersion kind name namespace}";
const condition = "{type! status! lastTransitionTime! observedGeneration severity reason message}";
const tempDir = "{medium sizeLimit disableCaching}";
const claimTemplate =
  "{apiVersion kind metadata.{name generateName namespace labels annotations ownerReferences[]} spec status}";
const rule = "{targetHosts[] sourceHost snapshots[] paths[] exclude[] include[]}";
const repository = "{name! namespace}";
const retry = "{maxRetry delay}";
const retention = "{name! keepLast keepHourly keepDaily keepWeekly keepMonthly keepYearly keepTags[] prune! dryRun}";
const backend =
  "{storageSecretName local.{mountPath! subPath} s3.{endpoint! bucket! prefix region insecureTLS}" +
  " gcs.{bucket! prefix maxConnections} azure.{container! prefix maxConnections} swift.{container! prefix}" +
  " b2.{bucket! prefix maxConnections} rest.url}";
const usagePolicy = "{allowedNamespaces.{from selector}}";

const http = "path port! host scheme httpHeaders[].{name! value!}";
const handler =
  `exec.command[] httpGet.{${http}} httpPost.{${http} body form[].{key values[]}}` +
  " tcpSocket.{port! host} containerName";
const backupHooks = `{preBackup.{${handler}} postBackup.{${handler} executionPolicy}}`;
const restoreHooks = `{preRestore.{${handler}} postRestore.{${handler} executionPolicy}}`;

const container =
  "{resources.{limits requests} livenessProbe readinessProbe lifecycle securityContext nice.adjustment" +
  " ionice.{class classData} envFrom[] env[]}";
const pod =
  "{podLabels podAnnotations nodeSelector nodeName affinity schedulerName tolerations[] priorityClassName priority" +
  " readinessGates[] runtimeClassName enableServiceLinks topologySpreadConstraints[] automountServiceAccountToken" +
  " securityContext imagePullSecrets[] serviceAccountName serviceAccountAnnotations}";
const runtimeSettings = `{pod.${pod} container.${container}}`;

const backupTarget = `{alias ref.${targetRef} paths[] volumeMounts[].{name! mountPath!} replicas snapshotClassName exclude[] args[]}`;
const restoreTarget =
  `{alias ref.${targetRef} volumeMounts[].{name! mountPath!} replicas volumeClaimTemplates[].${claimTemplate}` +
  ` rules[].${rule} args[]}`;
const executor = `task.${taskRef} runtimeSettings.${runtimeSettings} tempDir.${tempDir} interimVolumeTemplate.${claimTemplate}`;
const backupMember = `${executor} target.${backupTarget} hooks.${backupHooks}`;
const restoreMember = `${executor} target.${restoreTarget} hooks.${restoreHooks}`;
const limits = `backupHistoryLimit timeOut retryConfig.${retry}`;
const schedule = `schedule driver repository.${repository} retentionPolicy!.${retention} paused ${limits}`;
const invokerStatus = `observedGeneration conditions[].${condition} phase`;

const fileStats = "fileStats.{totalFiles newFiles modifiedFiles unmodifiedFiles}";
const backupHost = `{hostname phase snapshots[].{name path totalSize uploaded processingTime ${fileStats}} duration error}`;
const restoreHost = "{hostname phase duration error}";

export const UPSTREAM_FIELDS: Readonly<Record<Exclude<KindName, "Snapshot">, string>> = {
  Repository:
    `{spec.{backend.${backend} wipeOut usagePolicy.${usagePolicy}} status.{observedGeneration firstBackupTime` +
    " lastBackupTime integrity totalSize snapshotCount snapshotsRemovedOnLastCleanup" +
    " references[].{apiGroup kind namespace name!}}}",
  BackupConfiguration: `{spec.{${backupMember} ${schedule}} status.{${invokerStatus}}}`,
  BackupBatch:
    `{spec.{members[].{${backupMember}} runtimeSettings.${runtimeSettings} hooks.${backupHooks} executionOrder ${schedule}}` +
    ` status.{${invokerStatus} memberConditions[].{target!.${targetRef} conditions[].${condition}}}}`,
  BackupBlueprint:
    `{spec.{backend.${backend} wipeOut usagePolicy.${usagePolicy} backupNamespace repoNamespace schedule` +
    ` retentionPolicy!.${retention} ${executor} hooks.${backupHooks} ${limits}}}`,
  BackupSession:
    "{spec.{invoker.{apiGroup kind! name!} retryLeft} status.{phase sessionDuration sessionDeadline retried nextRetry" +
    ` conditions[].${condition} targets[].{ref.${targetRef} totalHosts phase stats[].${backupHost}` +
    ` preBackupActions[] postBackupActions[] conditions[].${condition}}}}`,
  RestoreSession:
    `{spec.{${restoreMember} driver repository.${repository} rules[].${rule} timeOut}` +
    ` status.{phase totalHosts sessionDuration stats[].${restoreHost} conditions[].${condition} sessionDeadline}}`,
  RestoreBatch:
    `{spec.{driver repository.${repository} members[].{${restoreMember}} executionOrder hooks.${restoreHooks} timeOut}` +
    ` status.{phase sessionDuration sessionDeadline conditions[].${condition}` +
    ` members[].{ref!.${targetRef} conditions[].${condition} totalHosts phase stats[].${restoreHost}}}}`,
  // Ours alone: what is checked is our own reading of it.
  BackupVerifier: "{spec.{invoker!.{kind! name!} schedule type} status.lastProven.{by! time!}}",
  BackupVerificationSession: "{spec.verifier! status.{phase step members[].alias!}}",
  HostRun: "{spec.{work! host! pod!.{name! uid!} run!.{kind! name! uid}} status.phase}",
  Function:
    "{spec.{image command[] args[] workingDir ports[].{containerPort! protocol} volumeMounts[].{name! mountPath!}" +
    ` volumeDevices[].{name! devicePath!} runtimeSettings.${container} podSecurityPolicyName}}`,
  Task: `{spec.{steps[].{name params[].${param}} volumes[].name!}}`,
  AppBinding:
    "{spec.{type version appRef.{apiGroup kind namespace name!} clientConfig!.{url" +
    " service.{scheme! namespace name! port! path query} insecureSkipTLSVerify caBundle serverName}" +
    " secret.{apiGroup kind name!} tlsSecret.{apiGroup kind name!}" +
    " secretTransforms[].{renameKey.{from! to!} addKey.{key! value stringValue} addKeysFrom.secretRef.name removeKey.key!}" +
    " parameters}}",
};

export interface FieldPath {
  /** Keys from the top; `[]` stands for an item of a list. */
  readonly keys: readonly string[];
  readonly isRequired: boolean;
}

/** Unfolds the short form above, one entry a leaf and one a required field on the way. */
export function unfoldFields(shortForm: string): readonly FieldPath[] {
  const { paths, rest } = readItem(shortForm.trim(), []);
  if (rest.trim() !== "") throw new Error(`cannot read ${JSON.stringify(rest.slice(0, 40))}`);
  return paths;
}

interface Read {
  readonly paths: readonly FieldPath[];
  readonly rest: string;
}

function readItem(text: string, prefix: readonly string[]): Read {
  return text.startsWith("{") ? readGroup(text.slice(1), prefix) : readName(text, prefix);
}

function readGroup(text: string, prefix: readonly string[]): Read {
  const paths: FieldPath[] = [];
  let rest = text.trimStart();
  while (!rest.startsWith("}")) {
    const item = readItem(rest, prefix);
    paths.push(...item.paths);
    rest = item.rest.trimStart();
  }
  return { paths, rest: rest.slice(1) };
}

function readName(text: string, prefix: readonly string[]): Read {
  const [whole, name = "", list, mark] = /^([a-zA-Z0-9]+)(\[\])?(!)?/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`cannot read ${JSON.stringify(text.slice(0, 40))}`);
  const keys = [...prefix, name, ...(list === undefined ? [] : ["[]"])];
  const rest = text.slice(whole.length);
  const own = { keys: [...prefix, name], isRequired: mark !== undefined };
  if (!rest.startsWith(".")) return { paths: [{ ...own, keys }], rest };
  const nested = readItem(rest.slice(1), keys);
  return { paths: own.isRequired ? [own, ...nested.paths] : nested.paths, rest: nested.rest };
}
