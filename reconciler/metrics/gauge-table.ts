/** Gauges whose values are all read from the caches at one moment: when Prometheus asks for the first of them. */
import { Gauge, type Registry } from "prom-client";

/** One value of a gauge. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface GaugeSpec {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/**
 * Registers gauges that are filled together. Series of objects that are gone go with them.
 *
 * @param collect all values of the moment; its names are those of `specs`
 */
export function registerGauges(registry: Registry, specs: readonly GaugeSpec[], collect: () => Iterable<Sample>): void {
  const gauges = new Map<string, Gauge>();
  const fill = (): void => {
    for (const gauge of gauges.values()) gauge.reset();
    for (const { name, labels, value } of collect()) gauges.get(name)?.set({ ...labels }, value);
  };
  for (const [index, { name, help, labelNames }] of specs.entries()) {
    // The registry asks its metrics in the order of their registration, and reads none before it has asked all.
    const first = index === 0 ? { collect: fill } : {};
    gauges.set(name, new Gauge({ name, help, labelNames: [...labelNames], registers: [registry], ...first }));
  }
}
