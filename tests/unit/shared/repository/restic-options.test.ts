import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BackupMember, RestoreMember } from "../../../../shared/api/member.ts";
import { findArgumentFault, type OptionsOf, requireArguments } from "../../../../shared/repository/restic-options.ts";
import { findMemberFaults } from "../../../../webhook/validate/members.ts";

describe("arguments of the user for restic", () => {
  test.each<[OptionsOf, readonly string[]]>([
    ["backup", []],
    ["backup", ["--one-file-system", "--tag", "team=a,weekly", "--exclude=*.tmp", "-e", "-r", "-xv"]],
    ["backup", ["-o", "s3.connections=10", "--option=b2.connections=3", "--limit-upload", "1000", "--verbose=2"]],
    ["backup", ["--dry-run", "--no-such-flag"]],
    ["backup", ["-xe*.tmp", "-x=true", "-q"]],
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
    const before = fc.constantFrom("--verbose", "-x", "-xv", "--tag=a", "--exclude=-x", "-ea", "--json", "--force");
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
    expect(faults(member("PersistentVolumeClaim", ["--delete"]))).toEqual([]);
    // A dump's own.
    expect(faults(member("AppBinding", ["--all-databases", "x"]))).toEqual([]);
  });
});
