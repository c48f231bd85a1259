/** `prove` and `proof`, as people type them. */
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope, TEXT_OR_DATA } from "../program/command.ts";
import { WAIT_FLAGS } from "../runs/wait-flags.ts";

export const PROVE: CommandSpec = {
  name: "prove",
  group: CommandGroup.Do,
  summary: "Restore a recovery point beside the application, and see that it comes back",
  details: `Makes a BackupVerificationSession: the point is restored into throw-away volumes, looked at as the batch's BackupVerifier says, and thrown
away. Nothing of the application is touched. With --wait it ends with 0 when the point is proven, and with 1 when it is not or the drill was skipped.`,
  args: [{ name: "batch", summary: "NAME, or KIND/NAME where both kinds have one", completes: Completes.Invoker }],
  flags: [
    {
      flags: "--verifier <name>",
      summary: "which BackupVerifier, where the batch has several",
      completes: Completes.Verifier,
    },
    {
      flags: "--session <name>",
      summary: "the point of this BackupSession (default: as the BackupVerifier says)",
      completes: Completes.Session,
    },
    ...WAIT_FLAGS,
  ],
  scope: Scope.Namespace,
  formats: ALL_FORMATS,
  examples: [
    { line: "prove shop --wait", does: "restore the point that the verifier chooses, and look on" },
    { line: "prove shop --session shop-1795966270 --wait", does: "prove this one" },
  ],
  load: async () => (await import("./run-prove.ts")).runProve,
};

export const PROOF: CommandSpec = {
  name: "proof",
  group: CommandGroup.See,
  summary: "Show the evidence of the last drill of a batch, or check evidence in a file",
  details: `What was restored and from what, what was looked at and what was not, how long it took. With -o json it is a document, signed where the
installation has a key. \`proof verify FILE\` checks such a document without a cluster: it ends with 0 when nothing in it was changed since it was signed,
and it says that the point was proven. With --key the signature must be by that key; without, compare the fingerprint yourself.`,
  args: [
    {
      name: "batch",
      summary: "NAME, or KIND/NAME where both kinds have one; or `verify`",
      completes: Completes.Invoker,
    },
    { name: "file", summary: "with verify: file with the document", isOptional: true, completes: Completes.File },
  ],
  flags: [
    { flags: "--drill <name>", summary: "of this BackupVerificationSession (default: the newest that has ended)" },
    {
      flags: "--key <file>",
      summary: "with verify: public key of the installation, in PEM",
      completes: Completes.File,
    },
  ],
  scope: Scope.Namespace,
  formats: TEXT_OR_DATA,
  examples: [
    { line: "proof shop", does: "what was proven, and when" },
    { line: "proof shop -o json > proof.json", does: "the document, to keep" },
    { line: "proof verify proof.json --key=installation.pub", does: "check it, anywhere" },
  ],
  load: async () => (await import("./run.ts")).runProof,
};
