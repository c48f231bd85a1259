/** What the API server refuses in a container's variables. */

import type { EnvFrom, EnvVar } from "../api/kubernetes/pod.ts";
import { isJsonObject, textAt, valueAt } from "../json/value.ts";
import { isObjectName } from "../names.ts";
import { type Finding, fault } from "./finding.ts";

/** As servers before 1.30 want it. */
const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const POD_FIELD =
  /^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs))$/;
const SOURCES = ["configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef"];

export function findEnvFaults(variable: EnvVar, field: string): readonly Finding[] {
  const { name, value, valueFrom } = variable;
  const faults: Finding[] = [];
  if (!isEnvName(name)) {
    const next = "Use letters, digits, dot, dash and underscore, and begin with no digit.";
    faults.push(fault(`${field}.name`, `${JSON.stringify(name.slice(0, 100))} is no name of a variable`, next));
  }
  if (valueFrom === undefined) return faults;
  const given = SOURCES.filter((source) => isJsonObject(valueAt(valueFrom, source)));
  if (given.length !== 1) {
    faults.push(fault(`${field}.valueFrom`, `names ${given.length} sources`, "Name one."));
  }
  if (value) faults.push(fault(`${field}.valueFrom`, "stands beside value", "Keep one of the two."));
  for (const source of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = valueFrom[source];
    if (ref === undefined) continue;
    faults.push(...findNameFaults(ref.name, `${field}.valueFrom.${source}.name`));
    if (!KEY.test(ref.key) || isDots(ref.key)) {
      faults.push(fault(`${field}.valueFrom.${source}.key`, `${JSON.stringify(ref.key)} is no key`, "Name a key."));
    }
  }
  const fieldPath = textAt(valueFrom, "fieldRef", "fieldPath");
  if (fieldPath !== undefined && !POD_FIELD.test(fieldPath)) {
    const next = "Name one such as metadata.name or status.podIP.";
    faults.push(fault(`${field}.valueFrom.fieldRef.fieldPath`, `${fieldPath} is no field for variables`, next));
  }
  return faults;
}

export function findEnvFromFaults(source: EnvFrom, field: string): readonly Finding[] {
  const { prefix, configMapRef, secretRef } = source;
  const faults: Finding[] = [];
  if (prefix && !isEnvName(prefix)) {
    faults.push(fault(`${field}.prefix`, `${JSON.stringify(prefix)} begins no name`, "Begin with a letter."));
  }
  const given = [configMapRef, secretRef].filter((ref) => ref !== undefined).length;
  if (given !== 1) faults.push(fault(field, `names ${given} sources`, "Name one: configMapRef or secretRef."));
  for (const [name, ref] of Object.entries({ configMapRef, secretRef })) {
    if (ref !== undefined) faults.push(...findNameFaults(ref.name, `${field}.${name}.name`));
  }
  return faults;
}

/** Old servers let the name of a source of one variable be missing; of a name that is there all want a name. */
function findNameFaults(name: string | undefined, field: string): readonly Finding[] {
  if (name === undefined || name === "" || isObjectName(name)) return [];
  return [fault(field, `${JSON.stringify(name)} is no name of an object`, "Name a Secret or ConfigMap.")];
}

function isEnvName(name: string): boolean {
  return ENV_NAME.test(name) && !isDots(name);
}

function isDots(text: string): boolean {
  return text === "." || text.startsWith("..");
}
