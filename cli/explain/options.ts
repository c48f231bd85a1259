/** What `explain` was asked for. */
import { readResourceFlags } from "../../shared/injection/resource-flags.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";

export interface ExplainOptions {
  readonly files: readonly string[];
  readonly live: { readonly kind: string; readonly name: string } | undefined;
  readonly isOffline: boolean;
  /** The change is shown line by line. */
  readonly hasDiff: boolean;
  readonly settings: InjectionSettings;
}

const KINDS_BY_WORD: Readonly<Record<string, string>> = {
  deployment: "Deployment",
  deployments: "Deployment",
  deploy: "Deployment",
  statefulset: "StatefulSet",
  statefulsets: "StatefulSet",
  sts: "StatefulSet",
  daemonset: "DaemonSet",
  daemonsets: "DaemonSet",
  ds: "DaemonSet",
  backupbatch: "BackupBatch",
  backupconfiguration: "BackupConfiguration",
  restorebatch: "RestoreBatch",
  restoresession: "RestoreSession",
  repository: "Repository",
  appbinding: "AppBinding",
  backupverifier: "BackupVerifier",
  backupverificationsession: "BackupVerificationSession",
};

/** @throws UsageError listing everything that is wrong */
export function readExplainOptions(words: readonly string[], flags: FlagValues): ExplainOptions {
  const [reference] = words;
  const [word = "", name = ""] = (reference ?? "").split("/");
  const kind = KINDS_BY_WORD[word.toLowerCase()];
  const files = flags.list("filename");
  const wrong: string[] = [];
  const resources = readResourceFlags(
    {
      "sidecar-resources": flags.text("sidecar-resources"),
      "restore-resources": flags.text("restore-resources"),
    },
    wrong,
  );
  const faults = [
    ...wrong,
    ...(reference === undefined && files.length === 0 ? ["name a workload, or a file with -f"] : []),
    ...(reference !== undefined && (kind === undefined || name === "") ? [`${reference} is no KIND/NAME`] : []),
    ...(reference !== undefined && flags.has("offline") ? ["--offline has no live objects"] : []),
  ];
  if (faults.length > 0) throw new UsageError(faults.join("; "));
  return {
    files,
    live: kind === undefined ? undefined : { kind, name },
    isOffline: flags.has("offline"),
    hasDiff: flags.has("diff"),
    settings: {
      image: flags.text("image") ?? "stash-batch",
      nativeSidecar: flags.has("native-sidecar"),
      followsImage: flags.has("follow-image"),
      resources,
    },
  };
}
