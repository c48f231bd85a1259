/** Random lives of a Deployment with restores that come, end and go, owners that write, and a webhook that is away at times. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Annotation } from "../../../shared/contract.ts";
import type { RestoreSource } from "../../../shared/injection/view.ts";
import { decideMutation } from "../../../webhook/decide.ts";
import { apply, initContainersIn } from "./apply.ts";
import { aDeployment, aRestore, aView } from "./builders.ts";

const RUNS = 2_000;

interface Workload {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly strategy?: unknown; readonly template: unknown };
}

const anyStrategy = fc.constantFrom(
  { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
  { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "50%" } },
);

const OPEN = ["", "Running"];

const EVENTS = {
  restore: (life: Life) => life.beginRestore(),
  turn: (life: Life) => life.giveTurn(),
  succeeds: (life: Life) => life.endRestores("Succeeded"),
  fails: (life: Life) => life.endRestores("Failed"),
  deleted: (life: Life) => {
    life.restores = life.restores.slice(1);
  },
  seen: (life: Life) => life.update(life.workload),
  away: (life: Life) => {
    life.isWebhookUp = false;
  },
  back: (life: Life) => {
    life.isWebhookUp = true;
  },
  strip: (life: Life) => life.strip(),
  set: (life: Life) => life.update({ ...life.workload, spec: { ...life.workload.spec, strategy: life.own } }),
  manifest: (life: Life) => life.update(aDeployment({ metadata: {}, spec: { strategy: life.own } })),
};
type Kind = keyof typeof EVENTS;

const anyEvent = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: "restore" as const, strategy: undefined }) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom<Kind>("turn", "succeeds", "fails", "deleted", "seen", "away", "back", "back", "strip")
      .map((kind) => ({ kind, strategy: undefined })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom<Kind>("set", "manifest"), strategy: anyStrategy }),
  },
);

class Life {
  workload: Workload;
  own: unknown;
  restores: readonly RestoreSource[] = [];
  isWebhookUp = true;
  #made = 0;

  constructor(own: unknown) {
    this.own = own;
    this.workload = aDeployment({ spec: { strategy: own } });
  }

  update(sent: Workload): void {
    const view = aView({ workload: sent, old: this.workload, restores: this.restores });
    this.workload = this.isWebhookUp ? apply(sent, decideMutation(view)) : sent;
  }

  annotated(change: (annotations: Readonly<Record<string, string>>) => Readonly<Record<string, string>>): Workload {
    const { metadata } = this.workload;
    return { ...this.workload, metadata: { ...metadata, annotations: change(metadata.annotations ?? {}) } };
  }

  play({ kind, strategy }: { readonly kind: Kind; readonly strategy: unknown }): void {
    if (strategy !== undefined) this.own = strategy;
    EVENTS[kind](this);
  }

  /** Comes, and is sent through admission at its turn. */
  beginRestore(): void {
    this.#made += 1;
    const restore = aRestore({ name: `r${this.#made}`, phase: this.#made % 2 === 0 ? "Running" : "" });
    this.restores = [...this.restores, restore];
    this.giveTurn();
  }

  giveTurn(): void {
    const uid = this.restores.find(({ phase }) => OPEN.includes(phase))?.invoker.uid ?? "none";
    this.update(this.annotated((before) => ({ ...before, [Annotation.RequestedRestore]: uid })));
  }

  endRestores(phase: string): void {
    this.restores = this.restores.map((restore) => (OPEN.includes(restore.phase) ? { ...restore, phase } : restore));
  }

  /** What nobody sees, nobody can mend: the webhook is there. */
  strip(): void {
    if (!this.isWebhookUp || !this.isHeld()) return;
    this.update(this.annotated(({ [Annotation.KeptStrategy]: _, ...rest }) => rest));
  }

  /** Whether the init-container of a restore that has not ended is in the template. */
  isHeld(): boolean {
    const args = initContainersIn(this.workload).flatMap((container) => Object(container["args"]));
    const open = this.restores.filter(({ phase }) => OPEN.includes(phase));
    return open.some(({ invoker }) => args.includes(`--invoker-name=${invoker.name}`));
  }
}

test("D3: whatever happens to a Deployment, its restores and the webhook, its owner's strategy is back in the end", () => {
  let held = 0;
  fc.assert(
    fc.property(anyStrategy, fc.array(anyEvent, { maxLength: 25 }), (own, events) => {
      const life = new Life(own);
      for (const event of events) {
        life.play(event);
        if (!life.isWebhookUp) continue;
        // As the reconciler sends it when it is not as it should be.
        EVENTS.seen(life);
        if (!life.isHeld()) continue;
        held += 1;
        expect(life.workload.spec.strategy).toEqual({ type: "Recreate" });
        expect(life.workload.metadata.annotations?.[Annotation.KeptStrategy]).toBe(JSON.stringify(life.own));
      }
      life.isWebhookUp = true;
      life.restores = [];
      EVENTS.seen(life);
      expect(JSON.stringify(life.workload.spec.strategy)).toBe(JSON.stringify(life.own));
      expect(life.workload.metadata.annotations?.[Annotation.KeptStrategy]).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
  expect(held).toBeGreaterThan(RUNS / 10);
});
