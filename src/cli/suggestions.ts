/** "Did you mean this?" */

/** How many letters must be put in, taken out or replaced; no two-letter swaps. */
export const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (a[i] === b[j] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

const bare = (name: string) => name.toLowerCase().replace(/^-+/, "")

/** The names at most two letters away, or beginning with what was typed, whatever the case; the nearest first. */
export const nearest = (typed: string, names: Iterable<string>): ReadonlyArray<string> => {
  const word = bare(typed)
  if (word === "") return []
  return [...new Set(names)]
    .map((name) => ({ name, away: distance(word, bare(name)) }))
    .filter(({ away, name }) => (away <= 2 && away < bare(name).length) || bare(name).startsWith(word))
    .sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name)
}
