/** The installed manifest of the two configurations; the CA bundle is filled in by whoever keeps the certificate. */
import { stringify } from "yaml";
import { buildMutatingConfiguration, buildValidatingConfiguration, INSTALLED_ADDRESS } from "./configuration.ts";

/** Text of manifests/base/webhook-configuration.yaml; fits every server from 1.20. Called by `npm run generate`. */
export function renderWebhookConfiguration(): string {
  const options = { address: INSTALLED_ADDRESS };
  const documents = [buildMutatingConfiguration(options), buildValidatingConfiguration(options)];
  const body = documents.map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `# Generated from webhook/configuration.ts by \`npm run generate\`.\n${body.join("---\n")}`;
}
