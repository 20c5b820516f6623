export const equivalents: ReadonlyArray<{
  readonly file: string
  readonly before: string
  readonly after: string
  /** Why no behaviour differs. */
  readonly reason: string
}>
