/** Flags that many commands share. */
import { type CommandSpec, Completes, type FlagSpec, Format, Scope } from "./command.ts";

const KUBECONFIG: FlagSpec = {
  flags: "--kubeconfig <file>",
  summary: "how to reach the cluster (default: as kubectl)",
  completes: Completes.File,
};
const CONTEXT: FlagSpec = {
  flags: "--context <name>",
  summary: "context of the kubeconfig (default: the current one)",
  completes: Completes.Context,
};
const NAMESPACE: FlagSpec = {
  flags: "-n, --namespace <name>",
  summary: "namespace (default: that of the context)",
  completes: Completes.Namespace,
};
const ALL_NAMESPACES: FlagSpec = { flags: "-A, --all-namespaces", summary: "look at all namespaces" };

const OUTPUT_FLAGS = "-o, --output <format>";

/** What may stand before the command's name, too. */
export const LEADING_FLAGS: readonly FlagSpec[] = [
  NAMESPACE,
  ALL_NAMESPACES,
  CONTEXT,
  KUBECONFIG,
  { flags: OUTPUT_FLAGS, summary: "how to print" },
];

/** All flags of a command: its own, then those that its scope and formats bring. */
export function flagsOf({ flags = [], scope, formats, namespaceSummary }: CommandSpec): readonly FlagSpec[] {
  const hasNamespace = scope === Scope.Namespace || scope === Scope.Namespaces || namespaceSummary !== undefined;
  return [
    ...flags,
    ...(hasNamespace ? [{ ...NAMESPACE, summary: namespaceSummary ?? NAMESPACE.summary }] : []),
    ...(scope === Scope.Namespaces ? [ALL_NAMESPACES] : []),
    ...(scope === Scope.None ? [] : [CONTEXT, KUBECONFIG]),
    ...(formats.length === 0 ? [] : [outputFlag(formats)]),
    ...(formats.includes(Format.Json) ? [{ flags: "--json", summary: "as -o json" }] : []),
  ];
}

function outputFlag(formats: readonly Format[]): FlagSpec {
  return { flags: OUTPUT_FLAGS, summary: `how to print (default: ${formats[0]})`, choices: formats };
}
