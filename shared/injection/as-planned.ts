/**
 * Whether the sidecar of a pod template is as its plan says. The hash says what it was made from; what somebody changed by hand shows in the
 * container alone. With equal hashes these fields follow from the code, so whoever changes how they are built restarts the pods of
 * everyone: the golden files tell.
 */
import { isJsonObject, listAt, textAt } from "../json/value.ts";
import type { BackupPlan } from "./plan.ts";
import type { JsonObject } from "./workload.ts";

/**
 * Looks at command, target, mounts and security context of the container, and at the volumes that it brought. Other injectors may have
 * added variables, and resources are the installation's at some time.
 *
 * @param image that is injected now: another one may have come with another command
 */
export function isAsPlanned(
  sidecar: JsonObject,
  podTemplate: JsonObject,
  { container, args, volumes }: BackupPlan,
  image: string,
): boolean {
  return (
    (sidecar["image"] !== image || isSame(sidecar["command"], container["command"])) &&
    isSameTarget(sidecar["args"], args) &&
    isSame(sidecar["volumeMounts"], container["volumeMounts"]) &&
    isSame(withoutDefaults(sidecar["securityContext"]), container["securityContext"]) &&
    hasVolumes(podTemplate, volumes)
  );
}

/** Which invoker the arguments name is left as it is: the agent serves all. */
function isSameTarget(found: unknown, wanted: readonly string[]): boolean {
  if (!Array.isArray(found) || found.length !== wanted.length) return false;
  return wanted.every((arg, at) => found[at] === arg || (isOfInvoker(arg) && isOfInvoker(found[at])));
}

function isOfInvoker(arg: unknown): boolean {
  return typeof arg === "string" && arg.startsWith("--invoker-");
}

/** What servers fill in by themselves. */
function withoutDefaults(context: unknown): unknown {
  if (!isJsonObject(context) || context["procMount"] !== "Default") return context;
  const { procMount: _, ...others } = context;
  return others;
}

/** Kinds of volumes whose fields we write as the API server stores them; of others, which users write, the kind is looked at. */
const OWN_KINDS: readonly string[] = ["secret", "projected"];

function hasVolumes(podTemplate: JsonObject, wanted: readonly JsonObject[]): boolean {
  const present = listAt(podTemplate, "spec", "volumes");
  return wanted.every((volume) => {
    const found = present.find((one) => isJsonObject(one) && one["name"] === volume["name"]);
    return isJsonObject(found) && hasSameSource(found, volume) && hasSameSource(volume, found);
  });
}

/** Each source of the volume is one of the wanted one, and holds the same data. */
function hasSameSource(volume: JsonObject, wanted: JsonObject): boolean {
  for (const kind in volume) {
    const source = volume[kind];
    if (kind === "name" || source == null) continue;
    const isAlike = OWN_KINDS.includes(kind) ? isSame(source, wanted[kind]) : hasSamePlace(source, wanted[kind]);
    if (wanted[kind] == null || !isAlike) return false;
  }
  return true;
}

/** Fields that say which data a volume holds, as far as many kinds have them. */
const PLACES: readonly string[] = ["path", "server", "claimName"];

function hasSamePlace(found: unknown, wanted: unknown): boolean {
  return PLACES.every((key) => (textAt(found, key) ?? "") === (textAt(wanted, key) ?? ""));
}

/** JSON equality, where a field that is empty or false at its default is as good as none. */
function isSame(found: unknown, wanted: unknown): boolean {
  if (found === wanted) return true;
  if (Array.isArray(found) || Array.isArray(wanted)) {
    const [a, b]: readonly (readonly unknown[])[] = [listOf(found), listOf(wanted)];
    return a !== undefined && b !== undefined && a.length === b.length && a.every((one, at) => isSame(one, b[at]));
  }
  if (!isJsonObject(found) || !isJsonObject(wanted)) return (found ?? "") === (wanted ?? "");
  for (const key in found) if (!isSameField(key, found[key], wanted[key])) return false;
  for (const key in wanted) if (found[key] === undefined && !isSameField(key, undefined, wanted[key])) return false;
  return true;
}

function isSameField(key: string, found: unknown, wanted: unknown): boolean {
  return found === wanted || (isNothing(key, found) && isNothing(key, wanted)) || isSame(found, wanted);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What API servers leave out. The flags of a security context stay as they were written, false too. */
function isNothing(key: string, value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return value === false && key === "readOnly";
}
