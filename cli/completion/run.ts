/** Prints completion scripts, and answers what they ask. */
import { KINDS } from "../../shared/api/kinds.ts";
import { textAt } from "../../shared/json/value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { loadKubeconfig } from "../cluster/kubeconfig.ts";
import { openCluster } from "../cluster/open.ts";
import { NAMESPACES } from "../cluster/resources.ts";
import { Completes, type Input } from "../program/command.ts";
import { COMMANDS } from "../program/commands.ts";
import { ExitCode } from "../program/exit-code.ts";
import { flagValues } from "../program/flag-values.ts";
import { PLUGIN } from "../program/names.ts";
import { completionScript } from "./scripts.ts";
import { type Candidate, completeLine, type GivenFlags } from "./words.ts";

/** Nobody waits longer for a list of names. */
const ASK_MS = 2_000;

export async function runCompletion({ words, terminal }: Input): Promise<ExitCode> {
  terminal.write(completionScript(words[0] ?? "", PLUGIN));
  return ExitCode.Good;
}

/** Directives that shells and kubectl understand. */
const Directive = { Files: 0, NoFiles: 4 } as const;

/** Prints one candidate a line, its explanation after a tab, and the directive at the end. */
export async function runComplete({ words, terminal, env }: Input): Promise<ExitCode> {
  const answer = completeLine(words, COMMANDS);
  if (answer.kind === "ask" && answer.what === Completes.File) {
    terminal.print(`:${Directive.Files}`);
    return ExitCode.Good;
  }
  const found = answer.kind === "candidates" ? answer.candidates : await ask(answer.what, answer.flags, env);
  const prefix = answer.kind === "ask" ? answer.prefix : "";
  for (const { word, summary } of found) {
    if (word.startsWith(prefix)) terminal.print(`${word}\t${summary}`);
  }
  terminal.print(`:${Directive.NoFiles}`);
  return ExitCode.Good;
}

/** Which lists hold the names, and what stands before a name. */
const SOURCES: Readonly<Record<string, readonly { readonly resource: Resource; readonly before: string }[]>> = {
  [Completes.Invoker]: [
    { resource: KINDS.BackupBatch, before: "" },
    { resource: KINDS.BackupConfiguration, before: "" },
  ],
  [Completes.Session]: [{ resource: KINDS.BackupSession, before: "" }],
  [Completes.Restore]: [{ resource: KINDS.RestoreBatch, before: "" }],
  [Completes.Repository]: [{ resource: KINDS.Repository, before: "" }],
  [Completes.Verifier]: [{ resource: KINDS.BackupVerifier, before: "" }],
  [Completes.Run]: [
    { resource: KINDS.BackupSession, before: "session/" },
    { resource: KINDS.RestoreBatch, before: "restore/" },
    { resource: KINDS.RestoreSession, before: "restoresession/" },
  ],
  [Completes.Namespace]: [{ resource: NAMESPACES, before: "" }],
};

async function ask(what: Completes, given: GivenFlags, env: Input["env"]): Promise<readonly Candidate[]> {
  const flags = flagValues({ ...given });
  try {
    if (what === Completes.Context) {
      const config = loadKubeconfig({ path: flags.text("kubeconfig"), context: undefined, env });
      return config.getContexts().map(({ name }) => ({ word: name, summary: "context" }));
    }
    return await Promise.race([askCluster(what, { flags, env }), nothingAfter(ASK_MS)]);
  } catch {
    // A shell that completes has no place for a complaint; the command itself will say what is wrong.
    return [];
  }
}

async function askCluster(what: Completes, input: Pick<Input, "flags" | "env">): Promise<readonly Candidate[]> {
  const cluster = await openCluster(input);
  const lists = (SOURCES[what] ?? []).map(async ({ resource, before }) => {
    const items = await cluster.list(resource, resource.namespaced ? cluster.namespace : undefined);
    return items.map((item) => ({
      word: before + (textAt(item, "metadata", "name") ?? ""),
      summary: textAt(item, "kind") ?? what,
    }));
  });
  return (await Promise.all(lists)).flat();
}

function nothingAfter(ms: number): Promise<readonly Candidate[]> {
  return new Promise((done) => setTimeout(() => done([]), ms).unref());
}
