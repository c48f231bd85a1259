/** docs/chart.md: how the chart is used, and the table of its values. */
import { renderValuesTable } from "../manifests/chart/render-values.ts";

const INTRODUCTION = `# Helm chart

\`manifests/chart\` is written by \`npm run generate\` from the same manifests as \`install.yaml\`: with the values below unset, and the image named, it makes the same objects. Build and push the image as
[install.md](install.md) shows, then:

\`\`\`sh
helm install stash-batch manifests/chart --namespace stash-batch --create-namespace \\
  --set image.registry=registry.example.com --wait
helm test stash-batch --namespace stash-batch        # runs the doctor in the cluster
\`\`\`

One release a cluster: the names of its objects are fixed. It may be in any namespace. Give that namespace the label \`pod-security.kubernetes.io/enforce: restricted\`, which its pods satisfy.

**Upgrades.** \`helm upgrade\` brings the definitions up to date too: they are templates, not files of Helm's folder \`crds\`, which it never touches again. Webhook and reconciler restart when their settings change.

**Installed by kubectl before?** helm refuses what is not its own (\`exists and cannot be imported\`). \`helm upgrade --install\` with \`--take-ownership --force-conflicts\` and the values above takes all of it over, as it runs.

**Uninstalling.** Take the sidecars out of the workloads first, while the product can still do it: \`stash-batch uninstall --remove-sidecars\` tells the steps. \`helm uninstall\` then removes everything but the definitions,
which would take all invokers, sessions and Repositories with them; \`crds.keep=false\` lets them go. The repositories and their snapshots stay where they are in any case.

**One namespace alone.** \`watchNamespace\` leaves the reconciler without rights elsewhere, like the overlay \`namespaced\`.

**What a value needs of the cluster** is asked before anything is sent: \`certManager.enabled\` wants cert-manager, the two for Prometheus its operator, and \`matchConditions.enabled\` Kubernetes 1.28. helm says what is missing and what
to do; \`helm template\` alone knows no cluster and asks for nothing.

## Values

A name that is not here, or a value of another form, is refused by \`values.schema.json\` before anything is sent.

`;

export function renderChartPage(): string {
  return `${INTRODUCTION}${renderValuesTable()}`;
}
