/** The catalogue as the reconciler carries it: what manifests/catalog stands for, as JSON. */
import { join } from "node:path";
import { composeObjects, type ReadText } from "./compose.ts";

export function renderCatalogue(readText?: ReadText): string {
  const objects = composeObjects(join(import.meta.dirname, "../../manifests/catalog"), readText);
  return `${JSON.stringify(objects, null, 1)}\n`;
}
