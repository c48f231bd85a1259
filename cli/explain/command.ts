/** `explain`, as people type it. */
import { CommandGroup, type CommandSpec, Completes, Format, Scope } from "../program/command.ts";

export const EXPLAIN: CommandSpec = {
  name: "explain",
  group: CommandGroup.Check,
  summary: "Say what the webhook decides about a workload, and why",
  details: `First what is decided, who backs it up, and what would restart; with --diff the change line by line. Of batches and BackupConfigurations it
says when they run next, in their zone, and which points their retention keeps and removes; of all objects of ours what their author must be
allowed to do. Changes nothing. KIND is deployment, statefulset, daemonset, backupbatch, backupconfiguration,
restorebatch, restoresession, repository, appbinding, backupverifier or backupverificationsession.`,
  args: [{ name: "KIND/NAME", summary: "a live object", isOptional: true }],
  flags: [
    {
      flags: "-f, --filename <file>",
      summary:
        "YAML or JSON; repeat for more. Workloads and objects of ours in it are explained; the latter, and Namespaces, stand before those of the cluster",
      isMany: true,
      completes: Completes.File,
    },
    { flags: "--diff", summary: "show the change of the pod template line by line" },
    { flags: "--offline", summary: "look at the files alone, at no cluster" },
    {
      flags: "--image <image>",
      summary: "image of the injected containers, as given to the webhook (default: stash-batch)",
    },
    { flags: "--native-sidecar", summary: "as given to the webhook" },
    { flags: "--follow-image", summary: "as given to the webhook" },
    { flags: "--sidecar-resources <list>", summary: "as given to the webhook" },
    { flags: "--restore-resources <list>", summary: "as given to the webhook" },
  ],
  scope: Scope.Namespace,
  namespaceSummary: "namespace of objects that name none (default: that of the context; default with --offline)",
  formats: [Format.Table, Format.Json, Format.Yaml],
  examples: [
    { line: "explain deployment/web -n demo", does: "what becomes of a live workload" },
    {
      line: "explain -f deployment.yaml -f batch.yaml --offline --diff",
      does: "the change line by line, from files alone",
    },
    { line: "explain backupbatch/nightly", does: "when it runs, what stays, what its author must be allowed to do" },
  ],
  load: async () => (await import("./run.ts")).runExplain,
};
