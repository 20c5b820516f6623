/** How many values of a kind are tried: all, unless KATA_RUNS says how many. */
export const runsOf = (env: { readonly [name: string]: string | undefined }): number =>
  Number(env["KATA_RUNS"] || Infinity)

/** As `some` does it, of as many values as `runs` says. */
export const spread = <A>(runs: number, values: ReadonlyArray<A>, kindOf: (value: A) => unknown): ReadonlyArray<A> => {
  const kinds = Map.groupBy(values.keys(), (i) => kindOf(values[i]!))
  const chosen = new Set([...kinds.values()].flatMap((of, place) => {
    const count = Math.max(1, Math.min(runs, of.length))
    return Array.from({ length: count }, (_, i) => of[(place + Math.floor(i * of.length / count)) % of.length])
  }))
  return values.filter((_, i) => chosen.has(i))
}

/**
 * The values of a table that are tried. Those are all, in their order; where KATA_RUNS is set, so many of each kind, always the same, and a line
 * says how many of how many. They lie far apart within their kind, and each kind begins one further on than the one before: where each damage
 * has a row for each version, two of each damage come to every version.
 */
export const some = <A>(
  what: string,
  values: ReadonlyArray<A>,
  kindOf: (value: A) => unknown = () => "all are of one kind"
): ReadonlyArray<A> => {
  const chosen = spread(runsOf(process.env), values, kindOf)
  if (chosen.length < values.length) {
    console.log(`${chosen.length} of ${values.length} ${what}: KATA_RUNS=${process.env["KATA_RUNS"]}`)
  }
  return chosen
}
