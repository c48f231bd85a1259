/** Makes a drill of a batch now. */
import { KINDS } from "../../shared/api/kinds.ts";
import { ERRORS, isErrorCode } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { openCluster } from "../cluster/open.ts";
import { findInvoker } from "../objects/invokers.ts";
import { kubectlName, readOne } from "../objects/read.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { createOrTell } from "../runs/started.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { plainText } from "../terminal/plain-text.ts";
import { isData, printData } from "../terminal/print.ts";
import { buildDrill } from "./build-drill.ts";
import { findVerifier, hasDrillEnded } from "./drills.ts";
import { followDrill } from "./follow-drill.ts";

const KIND = KINDS.BackupVerificationSession;

export async function runProve(input: Input): Promise<ExitCode> {
  const { flags, terminal, format, programName } = input;
  const limitMs = readTimeout(flags);
  const cluster = await openCluster(input);
  const { namespace } = cluster;
  const { object: invoker } = await findInvoker(cluster, input.words[0] ?? "");
  const verifier = await findVerifier(cluster, invoker, flags.text("verifier"));
  const drill = buildDrill(verifier, flags.text("session"), Date.now());
  const { name } = drill.metadata;
  const look = `kubectl get ${KIND.plural} -n ${namespace}`;
  const made = await createOrTell(input, look, () => cluster.create(KIND, namespace, drill));
  const show = `${programName} proof ${invoker.metadata.name} -n ${namespace}`;
  const goesOn = `${KIND.kind} ${namespace}/${name} goes on in the cluster; see what it proved: ${show}`;
  input.leavesBehind(goesOn);
  if (format === Format.Name) terminal.print(kubectlName(KIND, name));
  else if (!isData(format)) terminal.print(`${kubectlName(KIND, name)} created`);
  if (!flags.has("wait")) {
    if (isData(format)) printData(input, isJsonObject(made) ? made : {});
    else terminal.note(`see what it proved: ${show}`);
    return ExitCode.Good;
  }
  const ended = await followDrill(terminal, cluster, name, limitMs);
  if (isData(format)) {
    const { raw } = await readOne(cluster, KIND, (one) => one, { namespace, name });
    printData(input, isJsonObject(raw) ? raw : {});
  }
  if (!hasDrillEnded(ended)) {
    terminal.note(`the time of --timeout is over: ${goesOn}`);
    return ExitCode.Fault;
  }
  const { phase, reason, message = "" } = ended.status ?? {};
  const isProven = phase === "Succeeded";
  if (format === Format.Table || format === Format.Wide) {
    const word = isProven ? "proven" : phase === "Skipped" ? "skipped" : "not proven";
    terminal.print(plainText(`${word}: ${message}`));
    if (!isProven && reason !== undefined && isErrorCode(reason)) terminal.print(`next: ${ERRORS[reason].next}`);
  }
  return isProven ? ExitCode.Good : ExitCode.Fault;
}
