/** Brings the project's custom resource definitions into a control plane. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { parseJson } from "../../../shared/json/value.ts";
import { eventually } from "../eventually.ts";
import { type ApiEndpoint, apiRequest } from "./api-request.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const ESTABLISHED_TIMEOUT_MS = 30_000;

/**
 * Applies every definition in the YAML files of a folder and waits until the API server serves all of them.
 *
 * @param folder a folder that doesn't exist has no definitions
 * @throws Error when the API server refuses one, or doesn't serve it within 30 s
 */
export async function applyDefinitions(endpoint: ApiEndpoint, folder: string): Promise<void> {
  const names = await Promise.all((await readDefinitions(folder)).map((definition) => apply(endpoint, definition)));
  await Promise.all(
    names.map((name) => {
      const read = () => apiRequest(endpoint, `${DEFINITIONS}/${name}`);
      return eventually(read, ({ text }) => isEstablished(parseJson(text)), ESTABLISHED_TIMEOUT_MS);
    }),
  );
}

interface Definition {
  readonly name: string;
  readonly body: string;
}

async function readDefinitions(folder: string): Promise<Definition[]> {
  if (!existsSync(folder)) return [];
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return texts.flatMap((text) => {
    return parseAllDocuments(text).flatMap((document) => {
      const name = document.getIn(["metadata", "name"]);
      const isDefinition = document.get("kind") === "CustomResourceDefinition" && typeof name === "string";
      return isDefinition ? [{ name, body: JSON.stringify(document.toJS()) }] : [];
    });
  });
}

async function apply(endpoint: ApiEndpoint, { name, body }: Definition): Promise<string> {
  const answer = await apiRequest(endpoint, `${DEFINITIONS}/${name}?fieldManager=test&force=true`, {
    method: "PATCH",
    contentType: "application/apply-patch+yaml",
    body,
  });
  if (answer.status >= 300) throw new Error(`the API server refuses the definition ${name}: ${answer.text}`);
  return name;
}

function isEstablished(definition: unknown): boolean {
  if (typeof definition !== "object" || definition === null || !("status" in definition)) return false;
  const { status } = definition;
  if (typeof status !== "object" || status === null || !("conditions" in status)) return false;
  const { conditions } = status;
  if (!Array.isArray(conditions)) return false;
  return conditions.some((condition: unknown) => {
    if (typeof condition !== "object" || condition === null) return false;
    return (
      "type" in condition && condition.type === "Established" && "status" in condition && condition.status === "True"
    );
  });
}
