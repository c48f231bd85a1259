/** What the API server said to the dry run of a pod. */
export type PodAnswer =
  /** With the pod as it would be stored. */
  { readonly kind: "Taken"; readonly pod?: unknown } | { readonly kind: "Refused"; readonly words: string };
