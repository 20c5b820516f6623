/**
 * The width of text in cells of a terminal, and cutting by it. The text is one line without control characters: the printer has made them
 * visible before.
 */
import stringWidth from "string-width"

const ascii = /^[\x20-\x7e]*$/

// Its first use takes 15 ms, which text of ASCII does not need.
let segmenter: Intl.Segmenter | undefined

const clusters = (text: string): ReadonlyArray<string> =>
  Array.from((segmenter ??= new Intl.Segmenter()).segment(text), ({ segment }) => segment)

/** Widths of clusters: the same ones come again and again. */
const known = new Map<string, number>()
const mostKnown = 10_000

const widthOf = (cluster: string): number => {
  const before = known.get(cluster)
  if (before !== undefined) return before
  if (known.size > mostKnown) known.clear()
  const width = stringWidth(cluster)
  known.set(cluster, width)
  return width
}

/** How many cells a terminal takes for it: two for East Asian wide letters and emoji, none for what combines. */
export const cells = (text: string): number =>
  ascii.test(text) ? text.length : clusters(text).reduce((sum, cluster) => sum + widthOf(cluster), 0)

const dots = "..."

/** At most so many cells, ending between two letters; dots tell that something is left out, unless there is hardly room for them. */
export const cut = (text: string, columns: number): string => {
  if (cells(text) <= columns) return text
  const mark = columns >= 8 ? dots : ""
  let room = columns - mark.length
  let kept = ""
  // more than can be shown: a long text is not looked at to its end
  const head = text.slice(0, Math.max(64, columns * 16))
  for (const cluster of ascii.test(head) ? head : clusters(head)) {
    room -= widthOf(cluster)
    if (room < 0) break
    kept += cluster
  }
  return kept.trimEnd() + mark
}
