/** The catalogue as the reconciler carries it: what manifests/catalog stands for, as JSON. */
import { join } from "node:path";
import { composeObjects } from "./compose.ts";

export function renderCatalogue(): string {
  const objects = composeObjects(join(import.meta.dirname, "../../manifests/catalog"));
  return `${JSON.stringify(objects, null, 1)}\n`;
}
