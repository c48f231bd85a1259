/** The installed manifest of the two configurations; the CA bundle is filled in by whoever keeps the certificate. */
import { stringify } from "yaml";
import { valueAt } from "../shared/json/value.ts";
import {
  buildMutatingConfiguration,
  buildValidatingConfiguration,
  INSTALLED_ADDRESS,
  MATCH_CONDITIONS_SINCE_MINOR,
} from "./configuration.ts";

/** Text of manifests/base/webhook-configuration.yaml; fits every server from 1.20. Called by `npm run generate`. */
export function renderWebhookConfiguration(): string {
  const options = { address: INSTALLED_ADDRESS };
  const documents = [buildMutatingConfiguration(options), buildValidatingConfiguration(options)];
  const body = documents.map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `# Generated from webhook/configuration.ts by \`npm run generate\`.\n${body.join("---\n")}`;
}

/** Text of manifests/overlays/match-conditions/conditions.yaml: what newer servers are asked besides. */
export function renderMatchConditions(): string {
  const options = { address: INSTALLED_ADDRESS, serverMinor: MATCH_CONDITIONS_SINCE_MINOR };
  const operations = buildMutatingConfiguration(options).webhooks.flatMap((webhook, index) => {
    const value = valueAt(webhook, "matchConditions");
    return value === undefined ? [] : [{ op: "add", path: `/webhooks/${index}/matchConditions`, value }];
  });
  const body = stringify(operations, { lineWidth: 0, aliasDuplicateObjects: false });
  return `# Generated from webhook/configuration.ts by \`npm run generate\`.\n${body}`;
}
