import { describe, expect, expectTypeOf, test } from "vitest";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import type { BackupSession, BackupTargetStatus } from "../../../../shared/api/backup-session.ts";
import type { Condition } from "../../../../shared/api/condition.ts";
import { KINDS, type KindName } from "../../../../shared/api/kinds.ts";
import type { BackupMember } from "../../../../shared/api/member.ts";
import type { RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import type { RuntimeSettings } from "../../../../shared/api/runtime-settings.ts";
import { type DeepReadonly, type OpenObject, object, stringMap, text } from "../../../../shared/api/schema.ts";
import type { TargetRefLike } from "../../../../shared/target/ref.ts";

describe("static types of the kinds", () => {
  test("lists and objects are readonly all the way down", () => {
    type Mutable = { a: { b: string[]; c?: { d: number } }; e: Record<string, string>; f: unknown };
    expectTypeOf<DeepReadonly<Mutable>>().toEqualTypeOf<{
      readonly a: { readonly b: readonly string[]; readonly c?: { readonly d: number } };
      readonly e: { readonly [key: string]: string };
      readonly f: unknown;
    }>();
    expectTypeOf<NonNullable<BackupBatch["spec"]["members"]>>().toEqualTypeOf<readonly BackupMember[]>();
    expectTypeOf<NonNullable<NonNullable<BackupBatch["status"]>["conditions"]>>().toEqualTypeOf<readonly Condition[]>();
  });

  test("a field of a parsed object cannot be assigned", () => {
    expectTypeOf<Pick<BackupBatch["spec"], "schedule">>().toEqualTypeOf<{ readonly schedule?: string }>();
    expectTypeOf<Pick<BackupBatch["spec"], "schedule">>().not.toEqualTypeOf<{ schedule?: string }>();
  });

  test("closed lists are unions and kinds are literals", () => {
    expectTypeOf<BackupBatch["kind"]>().toEqualTypeOf<"BackupBatch">();
    expectTypeOf<BackupBatch["apiVersion"]>().toEqualTypeOf<"stash.appscode.com/v1beta1">();
    expectTypeOf<BackupBatch["spec"]["executionOrder"]>().toEqualTypeOf<"Parallel" | "Sequential" | undefined>();
    expectTypeOf<NonNullable<BackupTargetStatus["phase"]>>().toEqualTypeOf<
      "Pending" | "Succeeded" | "Running" | "Failed"
    >();
    expectTypeOf<NonNullable<BackupSession["spec"]["invoker"]>["kind"]>().toEqualTypeOf<
      "BackupConfiguration" | "BackupBatch"
    >();
  });

  test("required fields are required, others may be missing but never undefined", () => {
    expectTypeOf<BackupBatch["spec"]["retentionPolicy"]["prune"]>().toEqualTypeOf<boolean>();
    expectTypeOf<BackupBatch["metadata"]["namespace"]>().toEqualTypeOf<string>();
    expectTypeOf<Pick<RestoreBatch["spec"], "session">>().toEqualTypeOf<{ readonly session?: string }>();
    expectTypeOf<NonNullable<NonNullable<RuntimeSettings["pod"]>["affinity"]>>().toEqualTypeOf<OpenObject>();
  });

  test("a target reference fits the functions of shared/target/ref.ts", () => {
    type Ref = NonNullable<NonNullable<BackupMember["target"]>["ref"]>;
    expectTypeOf<Ref>().toExtend<TargetRefLike>();
  });

  test("a schema's type is no `any`", () => {
    const schema = object({ name: text, labels: stringMap });
    expect(schema.required).toEqual(["name", "labels"]);
    expectTypeOf<BackupBatch>().not.toBeAny();
    expectTypeOf<BackupBatch["spec"]>().not.toBeNever();
  });

  test("the table of kinds names each kind by its own key", () => {
    expectTypeOf<KindName>().toEqualTypeOf<keyof typeof KINDS>();
    for (const [key, entry] of Object.entries(KINDS)) {
      expect(entry.kind).toBe(key);
      expect(entry.apiVersion).toBe(`${entry.group}/${entry.version}`);
      expect(entry.namespaced).toBe(entry.scope === "Namespaced");
    }
  });
});
