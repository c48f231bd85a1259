/** What is found wrong with an object of ours by what it says itself. Pure. */
import { type AppBinding, parseAppBinding } from "../../shared/api/app-binding.ts";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { parseBackupBlueprint } from "../../shared/api/backup-blueprint.ts";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import { Annotation } from "../../shared/contract.ts";
import type { EffectSource } from "../../shared/effects/of-object.ts";
import { UserError } from "../../shared/errors.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { backupInvokerView, restoreInvokerView } from "../../shared/invoker/object.ts";
import { valueAt } from "../../shared/json/value.ts";
import { type Finding, fault, isFault } from "../../shared/validation/finding.ts";
import { findParamFaults } from "../../shared/validation/reserved-variables.ts";
import { findBackupInvokerFindings, findBlueprintFindings } from "./backup-invoker.ts";
import { findRepositoryFindings } from "./repository.ts";
import { findRestoreInvokerFindings } from "./restore-invoker.ts";
import { findDrillFindings, findVerifierFindings } from "./verifier.ts";

export interface Inspection {
  readonly findings: readonly Finding[];
  /** What has effects, to be looked at further. */
  readonly source?: EffectSource;
  /** What it was before, where that said whither data goes: to lead it elsewhere takes the rights of both. */
  readonly replaced?: EffectSource;
}

/**
 * Inspects a raw object.
 *
 * @param old the object before an update
 * @throws UserError INVALID_OBJECT when it can't be read
 */
export function inspectObject(kind: string, object: unknown, old: unknown): Inspection {
  switch (kind) {
    case "Repository": {
      const repository = parseRepository(object);
      const replaced = readOld(parseRepository, old);
      return { ...inspected(findRepositoryFindings(repository.spec), () => repository), ...(replaced && { replaced }) };
    }
    case "AppBinding": {
      const appBinding = parseAppBinding(object);
      const replaced = readOld(parseAppBinding, old);
      return { ...inspected(findAppBindingFaults(appBinding), () => appBinding), ...(replaced && { replaced }) };
    }
    case "BackupConfiguration": {
      const invoker = parseBackupConfiguration(object);
      const before = readOld(parseBackupConfiguration, old);
      return inspected(findBackupInvokerFindings(invoker, before), () => backupInvokerView(invoker));
    }
    case "BackupBatch": {
      const invoker = parseBackupBatch(object);
      return inspected(findBackupInvokerFindings(invoker), () => backupInvokerView(invoker));
    }
    case "RestoreSession": {
      const invoker = parseRestoreSession(object);
      const before = readOld(parseRestoreSession, old);
      return inspected(findRestoreInvokerFindings(invoker, before), () => restoreInvokerView(invoker));
    }
    case "RestoreBatch": {
      const invoker = parseRestoreBatch(object);
      const before = readOld(parseRestoreBatch, old);
      return inspected(findRestoreInvokerFindings(invoker, before), () => restoreInvokerView(invoker));
    }
    case "BackupBlueprint": {
      const blueprint = parseBackupBlueprint(object);
      const findings = [...findBlueprintFindings(blueprint), ...findRepositoryFindings(blueprint.spec)];
      return inspected(findings, () => blueprint);
    }
    case "BackupVerifier": {
      const verifier = parseBackupVerifier(object);
      return inspected(findVerifierFindings(verifier), () => verifier);
    }
    case "BackupVerificationSession": {
      const drill = parseBackupVerificationSession(object);
      const found = findDrillFindings(drill, readOld(parseBackupVerificationSession, old));
      // What it does follows from what it was made as: only its cancellation can change.
      if (old !== undefined) return { findings: found };
      return inspected([...found, ...findDueTimeFaults(drill)], () => drill);
    }
    case "BackupSession":
      return { findings: findSessionFaults(object, old) };
    default:
      return { findings: [] };
  }
}

/** What was stored before we knew better must not keep its owner from correcting it. */
function readOld<T>(parse: (raw: unknown) => T, old: unknown): T | undefined {
  try {
    return old === undefined ? undefined : parse(old);
  } catch (thrown) {
    if (thrown instanceof UserError) return undefined;
    throw thrown;
  }
}

/** What has a fault is looked at further where that can be: its author hears of everything at once. */
function inspected(findings: readonly Finding[], source: () => EffectSource): Inspection {
  try {
    return { findings, source: source() };
  } catch (thrown) {
    // The view reads durations, of which one may be a fault that is told already.
    if (thrown instanceof UserError && findings.some(isFault)) return { findings };
    throw thrown;
  }
}

/** Parameters for the addon's Tasks are held to what an invoker's are. */
function findAppBindingFaults({ metadata, spec }: AppBinding): readonly Finding[] {
  const addon = spec.parameters?.stash?.addon;
  const field = "spec.parameters.stash.addon";
  const annotated = Object.keys(metadata.annotations ?? {})
    .filter((key) => key.startsWith(Annotation.ParamsPrefix))
    .map((key) => ({ name: key.slice(Annotation.ParamsPrefix.length) }));
  return [
    ...findParamFaults(annotated, "metadata.annotations"),
    ...findParamFaults(addon?.backupTask?.params, `${field}.backupTask.params`),
    ...findParamFaults(addon?.restoreTask?.params, `${field}.restoreTask.params`),
  ];
}

const FAR_MS = 3_600_000;

/** By the clock of the API server, which made the object. What is due later would be the newest until then. */
function findDueTimeFaults({
  metadata,
  spec: { dueTime },
}: Pick<BackupSession | BackupVerificationSession, "metadata" | "spec">): readonly Finding[] {
  const dueMs = Date.parse(dueTime ?? "");
  if (!(dueMs - Date.parse(metadata.creationTimestamp ?? "") > FAR_MS)) return [];
  return [fault("spec.dueTime", `${dueTime} is more than an hour ahead`, "Leave it out: it is due when it is made.")];
}

function findSessionFaults(object: unknown, old: unknown): readonly Finding[] {
  const session = parseBackupSession(object);
  const { spec } = session;
  if (old !== undefined) {
    const before = valueAt(old, "spec");
    const wasCancelled = valueAt(before, "cancel") === true;
    if (canonicalJson({ ...spec, cancel: true }) !== canonicalJson({ ...Object(before), cancel: true })) {
      return [fault("spec", "of a session can't change, but for cancel", "Create another BackupSession.")];
    }
    if (wasCancelled && spec.cancel !== true) {
      return [fault("spec.cancel", "can't be taken back", "Create another BackupSession.")];
    }
  }
  const faults = old === undefined ? findDueTimeFaults(session) : [];
  if ((spec.retryLeft ?? 0) >= 0) return faults;
  return [...faults, fault("spec.retryLeft", `${spec.retryLeft} is negative`, "Write zero or more.")];
}
