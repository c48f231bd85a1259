import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BackupMember, RestoreMember } from "../../../../shared/api/member.ts";
import { isSwitchedOn, type OptionsOf } from "../../../../shared/repository/restic-flags.ts";
import { findArgumentFault, requireArguments } from "../../../../shared/repository/restic-options.ts";
import { findMemberFaults } from "../../../../webhook/validate/members.ts";
import { timed } from "../../../support/cpu-time.ts";

describe("arguments of the user for restic", () => {
  test.each<[OptionsOf, readonly string[]]>([
    ["backup", []],
    ["backup", ["--one-file-system", "--tag", "team=a,weekly", "--exclude=*.tmp", "-e", "-r", "-xv"]],
    ["backup", ["-o", "s3.connections=10", "--option=b2.connections=3", "--limit-upload", "1000", "--verbose=2"]],
    ["backup", ["--ignore-inode", "--ignore-ctime=F", "--force", "--tag=t1,t2", "--group-by=", "--parent", "abc"]],
    ["backup", ["--exclude-file=/data/x", "--iexclude", "--repo", "--exclude-if-present=.nobackup", "-e=*.tmp"]],
    ["backup", ["--pack-size=64", "--compression", "max", "--read-concurrency=4", "--limit-download=9", "--no-scan"]],
    ["backup", ["-vvv", "-v=2", "--json=false", "--quiet", "--retry-lock=5m", "-o", "s3.connections=5,S3.Region=eu"]],
    ["backup", ["-xe*.tmp", "-x=true", "-q"]],
    ["restore", ["--overwrite=if-changed", "--verify=0", "--iinclude=/data/A", "--include-file", "/list", "-i", "x"]],
    ["restore", ["--tag=t1", "--path", "/data", "--exclude-xattr=user.*", "-vq", "-H", "a"]],
    ["restore", ["--no-lock", "--verify", "--sparse", "--host", "other", "--include", "--target"]],
  ])("of a %s may be %j", (of, args) => {
    expect(findArgumentFault(args, of)).toBeUndefined();
    expect(() => requireArguments(args, of)).not.toThrow();
  });

  test.each<[OptionsOf, readonly string[], RegExp]>([
    ["backup", ["--repo=/elsewhere"], /--repo .*Repository says where/],
    ["backup", ["-x", "-r/elsewhere"], /args\[1\]: -r /],
    ["backup", ["-xvr/elsewhere"], /-r /],
    ["backup", ["-xr", "/elsewhere"], /-r /],
    ["backup", ["--password-command=id"], /Secret has the password/],
    ["backup", ["--verbose", "/etc"], /args\[1\]: "\/etc" is no option/],
    ["backup", ["--tag", "a", "/etc"], /args\[2\]/],
    ["backup", ["--"], /"--" is no option/],
    ["backup", ["-"], /"-" is no option/],
    ["backup", [""], /"" is no option/],
    ["backup", ["--force=true", "-H=other"], /-H /],
    ["backup", ["--tag", "a, invoker=BackupBatch/other/shop"], /tag " invoker=/],
    ["backup", ["--tag=session=demo/x"], /tag "session=/],
    ["backup", ["--stdin-from-command", "--", "id"], /--stdin-from-command/],
    ["backup", ["--files-from", "/data/list"], /--files-from /],
    ["backup", ["--time", "2020-01-01"], /--time/],
    ["backup", ["--no-lock"], /prune/],
    ["backup", ["-o", "sftp.command=ssh elsewhere -s sftp"], /args\[0\]: -o "sftp\.command.*by which program/],
    ["restore", ["--option=rclone.program=/data/other"], /where the data goes/],
    ["backup", ["-xosftp.args=-p 2222"], /by which program/],
    ["backup", ["-o", "s3.connections=5,sftp.command=/data/x"], /by which program/],
    ["backup", ["-o", '"sftp.command=/data/x"'], /quote/],
    ["backup", ["-o", "\u0085SFTP.command=/data/x"], /by which program/],
    ["backup", ["-o", "s3.layout=s3legacy"], /"s3.layout" is not known/],
    ["backup", ["--hostname=other"], /--hostname .*found by their host/],
    ["backup", ["--hostname", "other"], /--hostname /],
    ["backup", ["--tag", "\u0085session=bank/x"], /tag "\u0085session=/],
    ["backup", ["--tag", "a,\u3000target=x"], /tag "\u3000target=/],
    ["backup", ["--dry-run"], /nothing would be saved/],
    ["backup", ["-n=true"], /nothing would be saved/],
    ["backup", ["--skip-if-unchanged"], /no recovery point/],
    ["backup", ["--no-such-flag"], /may be there/],
    ["backup", ["--one-file-sys"], /may be there/],
    ["backup", ["--One-File-System"], /may be there/],
    ["backup", ["---json"], /may be there/],
    ["backup", ["--=x"], /may be there/],
    ["backup", ["--constructor"], /may be there/],
    ["backup", ["-v2"], /may be there/],
    ["backup", ["-x="], /may be there/],
    ["backup", ["--one-file-system=yes"], /neither true nor false/],
    ["backup", ["--json="], /neither true nor false/],
    ["backup", ["--verbose=a"], /no number/],
    ["backup", ["-x", "--exclude"], /args\[1\]: --exclude lacks its value/],
    ["backup", ["-xe"], /-e lacks its value/],
    ["backup", ["--sparse"], /may be there/],
    ["backup", ["--insecure-tls"], /whom to trust/],
    ["backup", ["--tag foo"], /may be there/],
    ["restore", ["-x"], /may be there/],
    ["restore", ["--help"], /do nothing/],
    ["restore", ["-vh"], /-h .*do nothing/],
    ["restore", ["--overwrite=never"], /would stay/],
    ["restore", ["--overwrite", "if-newer"], /would stay/],
    ["restore", ["--delete"], /deletes what is not in the snapshot/],
    ["restore", ["--target=/"], /--target/],
    ["restore", ["-t/"], /-t /],
    ["restore", ["--dry-run"], /nothing would come back/],
    ["restore", ["-vn"], /-n /],
    ["restore", ["latest"], /"latest" is no option/],
  ])("of a %s may not be %j", (of, args, message) => {
    expect(() => requireArguments(args, of)).toThrow(message);
  });

  test("never hide a refused option, whatever stands before it", () => {
    const before = fc.constantFrom("--verbose", "-v", "-qv", "--tag=a", "--exclude=-x", "-ea", "--json", "--sparse");
    fc.assert(
      fc.property(
        fc.array(before),
        fc.constantFrom("--repo=/x", "-r/x", "-vr/x", "--delete", "--", "x"),
        (some, bad) => {
          expect(findArgumentFault([...some, bad], "restore")?.index).toBe(some.length);
        },
      ),
    );
  });

  test("of a switch the last counts, as Go reads its values", () => {
    for (const [args, isOn] of [
      [["--verify"], true],
      [["--verify", "--verify=0"], false],
      [["--verify=f"], false],
      [["--verify=T"], true],
      [["--exclude", "--verify"], false],
      [["--exclude=--verify", "--verify=False", "--verify=1"], true],
    ] as const) {
      expect(isSwitchedOn(args, "restore", "verify"), args.join(" ")).toBe(isOn);
    }
  });

  test("S8: are read in a time that grows with their length", () => {
    const blanks = `x${" ".repeat(60_000)}x`;
    const { cpuMs } = timed(() => findArgumentFault(["--tag", blanks, "-o", `s3.retries${blanks}`], "backup"));
    expect(cpuMs).toBeLessThan(500);
  });

  test("S8: hold few short options in one", () => {
    expect(findArgumentFault([`-${"v".repeat(32)}`], "backup")).toBeUndefined();
    expect(findArgumentFault([`-${"v".repeat(33)}`], "backup")?.index).toBe(0);
    expect(findArgumentFault([`-e${"v".repeat(60_000)}`], "backup")).toBeUndefined();
  });

  const member = (kind: string, args: readonly string[], task?: string): BackupMember & RestoreMember => ({
    target: { ref: { apiVersion: "v1", kind, name: "x" }, args },
    ...(task !== undefined && { task: { name: task } }),
  });

  test("are looked at when an object is written, where restic gets them", () => {
    const faults = (of: BackupMember & RestoreMember, is: OptionsOf = "backup") =>
      findMemberFaults(of, "demo", "spec.members[2]", is).map(({ field }) => field);
    expect(faults(member("Deployment", ["-x", "--repo=/x"]))).toEqual(["spec.members[2].target.args[1]"]);
    expect(faults(member("PersistentVolumeClaim", ["--delete"]), "restore")).toEqual([
      "spec.members[2].target.args[0]",
    ]);
    expect(faults(member("PersistentVolumeClaim", ["--one-file-system"]))).toEqual([]);
    // A dump's own.
    expect(faults(member("AppBinding", ["--all-databases", "x"]))).toEqual([]);
  });
});
