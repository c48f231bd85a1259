/** Time limits of calls, as middleware of the client library. */
import { type ConfigurationOptions, Observable, type ObservableMiddleware } from "@kubernetes/client-node";

/** Options of a call that ends after the time. It runs from the moment at which the credentials are there. */
export function withinLimit(limitMs: number): ConfigurationOptions<ObservableMiddleware> {
  const middleware: ObservableMiddleware = {
    pre(context) {
      context.setSignal(AbortSignal.timeout(limitMs));
      return new Observable(Promise.resolve(context));
    },
    post: (response) => new Observable(Promise.resolve(response)),
  };
  return { middleware: [middleware], middlewareMergeStrategy: "append" };
}
