/** Shows the evidence of a drill, or checks it where there is no cluster. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { messageOf, UserError } from "../../shared/errors.ts";
import { readPublicKey } from "../../shared/evidence/signature.ts";
import { parseJson } from "../../shared/json/value.ts";
import { openCluster } from "../cluster/open.ts";
import { type BackupInvokerObject, findInvoker } from "../objects/invokers.ts";
import { notFound } from "../objects/read.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { plainText } from "../terminal/plain-text.ts";
import { isData, printData } from "../terminal/print.ts";
import { judgeDocument, type ReadDocument, readDocument } from "./document.ts";
import { hasDrillEnded, readDrills } from "./drills.ts";
import { formatEvidence, formatVerdict } from "./format-evidence.ts";

const VERIFY = "verify";

export async function runProof(input: Input): Promise<ExitCode> {
  const [word = "", file] = input.words;
  if (file === undefined) {
    if (input.flags.text("key") !== undefined) throw new UsageError("--key is for `proof verify FILE`");
    return show(input, word);
  }
  if (word !== VERIFY)
    throw new UsageError(`${file}: one batch at a time`, "write `proof BATCH` or `proof verify FILE`");
  return verify(input, file);
}

async function show(input: Input, word: string): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const { object: invoker } = await findInvoker(cluster, word);
  const drills = await readDrills(cluster, invoker);
  const named = input.flags.text("drill");
  const drill =
    named === undefined ? drills.find(hasDrillEnded) : drills.find(({ metadata }) => metadata.name === named);
  if (drill === undefined && named !== undefined) {
    const names = drills.map(({ metadata }) => metadata.name);
    throw notFound("BackupVerificationSession of it", { namespace: invoker.metadata.namespace, name: named }, names);
  }
  const { evidence, signature, phase = "Pending", message = "" } = drill?.status ?? {};
  if (drill === undefined || evidence === undefined)
    throw without(input, invoker, drill?.metadata.name, `${phase}: ${message}`);
  const document = readDocument({ evidence: parseJson(evidence), signature });
  if (isData(input.format)) printData(input, { evidence: document.evidence, signature: document.signature });
  else tell(input, document, undefined);
  return document.evidence.outcome === "Succeeded" ? ExitCode.Good : ExitCode.Fault;
}

function without(
  input: Input,
  { kind, metadata }: BackupInvokerObject,
  drill: string | undefined,
  state: string,
): UserError {
  const what = `${kind} ${metadata.namespace}/${metadata.name}`;
  const next = `prove it now: ${input.programName} prove ${metadata.name} -n ${metadata.namespace} --wait`;
  if (drill === undefined) return new UserError("NOT_FOUND", `no drill of ${what} has ended`, { next });
  return new UserError("NOT_FOUND", `the drill ${drill} of ${what} left no evidence: ${state}`, { next });
}

async function verify(input: Input, file: string): Promise<ExitCode> {
  const keyFile = input.flags.text("key");
  const expected = keyFile === undefined ? undefined : readPublicKey(await readText(keyFile));
  const document = readDocument(parseText(await readText(file), file));
  const verdict = judgeDocument(document, expected);
  if (isData(input.format)) printData(input, { verdict, evidence: document.evidence });
  else tell(input, document, expected);
  const isGood = verdict.kind === "signed" && document.evidence.outcome === "Succeeded";
  return isGood ? ExitCode.Good : ExitCode.Fault;
}

function tell({ terminal }: Input, document: ReadDocument, expected: string | undefined): void {
  const lines = [
    ...formatEvidence(document.evidence, terminal.width),
    formatVerdict(judgeDocument(document, expected)),
  ];
  for (const line of lines) terminal.print(plainText(line));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UserError("NOT_FOUND", `${file} can't be read: ${messageOf(cause)}`, {
      next: "Name a file that is there.",
    });
  }
}

/** JSON, or the YAML that -o yaml writes. */
function parseText(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new UserError("INVALID_OBJECT", `${file} is neither JSON nor YAML: ${messageOf(cause)}`);
  }
}
