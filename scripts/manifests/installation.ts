/** manifests/install.yaml: what manifests/base stands for, in one file and in an order in which it can be applied. */
import { join } from "node:path";
import { stringify } from "yaml";
import { textAt } from "../../shared/json/value.ts";
import { composeObjects, type ReadText } from "./compose.ts";

const BASE = join(import.meta.dirname, "../../manifests/base");

/** Stands for the image in every manifest. */
export const UNNAMED_IMAGE = "stash-batch.invalid/stash-batch:0.1.0";

/** What others refer to comes first; what sends requests to the pods comes last. */
const ORDER: readonly string[] = [
  "Namespace",
  "CustomResourceDefinition",
  "PriorityClass",
  "ServiceAccount",
  "ClusterRole",
  "Role",
  "ClusterRoleBinding",
  "RoleBinding",
  "ConfigMap",
  "Service",
  "NetworkPolicy",
  "Deployment",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
];

const HEADER = `# Name your image first: sed 's|${UNNAMED_IMAGE}|REGISTRY/NAME:TAG|' install.yaml | kubectl apply --server-side -f -
# The installation in one file. The image that it names can't be pulled from anywhere, and nobody can ever register that name.
# Generated from manifests/base by \`npm run generate\`.
`;

/** @throws Error for a kind whose place in the order is not settled */
export function renderInstallation(readText?: ReadText): string {
  const ranked = composeObjects(BASE, readText).map((object) => ({
    object,
    rank: ORDER.indexOf(textAt(object, "kind") ?? ""),
  }));
  const unknown = ranked.find(({ rank }) => rank < 0);
  if (unknown !== undefined) throw new Error(`kind ${textAt(unknown.object, "kind")} has no place in install.yaml`);
  const documents = ranked
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ object }) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `${HEADER}${documents.join("---\n")}`;
}
