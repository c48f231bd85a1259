/** Where the volume of a local backend may be mounted. */
import type { LocalBackend } from "../api/backend.ts";
import { Path } from "../contract.ts";

/**
 * Whoever owns a Repository says what lies at this path in the containers of all who use it, so it must lie where nothing else does:
 * in the folder that upstream's documentation uses. A list of forbidden places would never be complete.
 *
 * @returns what is wrong with the place; undefined when it may be mounted
 */
export function findLocalBackendFault({
  mountPath,
  subPath = "",
}: Pick<LocalBackend, "mountPath" | "subPath">):
  | { readonly field: "mountPath" | "subPath"; readonly why: string }
  | undefined {
  if (!mountPath.startsWith("/")) return { field: "mountPath", why: `${mountPath} is not absolute` };
  const segments = mountPath.split("/").filter((segment) => segment !== "");
  const isInside = `/${segments[0]}` === Path.LocalBackends && segments.every(isPlain);
  if (!isInside || /[:\0]/.test(mountPath)) {
    return { field: "mountPath", why: `${mountPath} is not ${Path.LocalBackends} or below it` };
  }
  if (subPath.startsWith("/") || !subPath.split("/").every(isPlain)) {
    return { field: "subPath", why: `${subPath} leads out of the volume` };
  }
  return undefined;
}

function isPlain(segment: string): boolean {
  return segment !== ".." && segment !== ".";
}
