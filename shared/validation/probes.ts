/** What the API server refuses in probes and handlers of a container. */
import { isJsonObject, listAt, numberAt, textAt, valueAt } from "../json/value.ts";
import { type Finding, fault } from "./finding.ts";

const NUMBERS = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/;

export function findProbeFaults(probe: unknown, field: string, kind: "liveness" | "readiness"): readonly Finding[] {
  if (probe === undefined) return [];
  const faults: Finding[] = [...findHandlerFaults(probe, field)];
  for (const name of NUMBERS) {
    const given = numberAt(probe, name) ?? 0;
    if (given < 0) faults.push(fault(`${field}.${name}`, `${given} is negative`, "Write zero or more."));
  }
  if (kind === "liveness" && (numberAt(probe, "successThreshold") ?? 1) > 1) {
    faults.push(fault(`${field}.successThreshold`, "of a livenessProbe can't be above 1", "Leave it out."));
  }
  const grace = numberAt(probe, "terminationGracePeriodSeconds");
  if (grace !== undefined && (kind === "readiness" || grace <= 0)) {
    const next = "Leave it out; a livenessProbe may have 1 or more.";
    faults.push(fault(`${field}.terminationGracePeriodSeconds`, `can't be ${grace} here`, next));
  }
  return faults;
}

/** One handler, with what it needs. */
export function findHandlerFaults(handler: unknown, field: string): readonly Finding[] {
  const given = HANDLERS.filter((name) => isJsonObject(valueAt(handler, name)));
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    return [fault(field, `names ${given.length} handlers`, "Name one: exec, httpGet or tcpSocket.")];
  }
  if (kind === "exec") {
    if (listAt(handler, "exec", "command").length > 0) return [];
    return [fault(`${field}.exec.command`, "is missing", "Name the program and its arguments.")];
  }
  return kind === "sleep" ? [] : findPortFaults(valueAt(handler, kind), `${field}.${kind}`);
}

function findPortFaults(action: unknown, field: string): readonly Finding[] {
  const port = valueAt(action, "port");
  const isPort =
    typeof port === "string" ? PORT_NAME.test(port) : typeof port === "number" && port > 0 && port <= 65_535;
  const scheme = textAt(action, "scheme") ?? "HTTP";
  return [
    ...(isPort ? [] : [fault(`${field}.port`, `${JSON.stringify(port)} is no port`, "Write 1 to 65535, or a name.")]),
    ...(["HTTP", "HTTPS"].includes(scheme) ? [] : [fault(`${field}.scheme`, `${scheme} is unknown`, "Write HTTP.")]),
  ];
}
