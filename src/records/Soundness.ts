/**
 * Whether records keep every rule, known while their lines pass by, in the order of the file. "Sound" is a promise: no rule, hard or
 * soft, of one row or between rows, finds anything. "Not sound" only means that it is not known, and that SQL has to be asked.
 *
 * What it remembers is small: 40 bytes an issue, 8 bytes for the id of any other row, and a fingerprint of 8 bytes for what must be unique.
 * What of a kind is remembered, and asked of what has passed, is computed from its rules.
 */
import { Parents } from "./compactSets.ts"
import type { Format } from "./Format.ts"
import type { Kind } from "./Kind.ts"
import { groupOf } from "./linePatterns.ts"
import { numberOf, type Track, tracksOf } from "./tracks.ts"
import { ulid } from "./vocabulary.ts"

/** Observes each line while a file is read or written. */
export interface Watch {
  /** A line that matched the sound pattern of its kind, or at a glance, in which the rules between its fields hold. */
  readonly sound: (kind: Kind, groups: ReadonlyArray<string | undefined>) => void
  /** Any other record. */
  readonly other: (kind: Kind) => void
}

type Groups = ReadonlyArray<string | undefined>
type Special = (groups: Groups) => boolean

/** Nobody watches, but what passes must be records. */
export const unwatched: Watch = { sound: () => undefined, other: () => undefined }

/** Values of several columns as one text; none when one of them is NULL, which is equal to nothing. No raw value has a line end. */
const keyOf = (groups: Groups, columns: ReadonlyArray<number>): string | undefined => {
  let key = groups[columns[0]!]
  for (let i = 1; i < columns.length && key !== undefined; i++) {
    const value = groups[columns[i]!]
    key = value === undefined ? undefined : `${key}\n${value}`
  }
  return key
}

export class Soundness implements Watch {
  /** Kinds with rows that may break a rule of their own. */
  readonly suspect = new Set<string>()
  /** A record has passed that may break a rule. */
  doubted = false
  readonly indexed: boolean
  private readonly format: Format
  private readonly tracks: ReadonlyMap<Kind, Track & { readonly special: Special | undefined }>
  /** Of the last record, by group: where the row stands that the value refers to. */
  private readonly places: Int32Array
  private readonly meta = new Map<string, string>()
  private readonly sequences = new Map<string, number>()
  /** By table, the highest id that another kind reserves in it. */
  private readonly reserved = new Map<string, number>()
  private readonly trees = new Map<Kind, Parents>()

  /** `indexed`: there are UNIQUE indexes that were asked for doubles, or will be. */
  constructor(format: Format, options?: { readonly indexed: boolean }) {
    this.format = format
    this.indexed = options?.indexed === true
    this.tracks = new Map(
      [...tracksOf(format, this.indexed)].map(([kind, track]) => [kind, { ...track, special: this.specialOf(kind) }])
    )
    this.places = new Int32Array(1 + Math.max(...format.kinds.map(({ fields }) => fields.length)))
  }

  other(kind: Kind): void {
    this.suspect.add(kind.name)
    this.doubted = true
  }

  sound(kind: Kind, groups: Groups): void {
    const track = this.track(kind)
    track.rows++
    if (this.doubted) return
    if (!this.keeps(track, groups) || track.special?.(groups) === false) this.doubted = true
  }

  /** How many records of a kind have passed, when all of them are sound. */
  rows(kind: Kind): number {
    return this.track(kind).rows
  }

  /** Of the record that was last seen to be sound: the place of the row that the value of a group refers to. */
  place(group: number): number {
    return this.places[group]!
  }

  /** The place of the row that a column of the row at a place refers to, where a rule asks for it; else -1. */
  placeIn(kind: Kind, column: string, place: number): number {
    return this.track(kind).places.get(column)?.[place] ?? -1
  }

  /** Asked at the end: whether there is nothing to be found. */
  get holds(): boolean {
    if (this.doubted || this.meta.get("schema_version") !== String(this.format.version)) return false
    if (!ulid.is(this.meta.get("instance_uid") ?? "")) return false
    const { counting } = this.format
    return [...this.trees.values()].every((parents) => parents.end) &&
      [...this.tracks.values()].every(({ uniques }) => uniques.every(({ prints }) => prints.distinct)) &&
      [...this.sequences.keys()].every((name) => counting.some(({ table }) => table === name)) &&
      [...this.reserved].every(([table, id]) => id <= (this.sequences.get(table) ?? 0)) &&
      counting.every((kind) => {
        const { ids } = this.track(kind)
        return (this.sequences.get(kind.table) ?? 0) >= 0 &&
          (ids.count === 0 || ids.last <= (this.sequences.get(kind.table) ?? -1))
      })
  }

  private track(kind: Kind): Track & { readonly special: Special | undefined } {
    return this.tracks.get(kind)!
  }

  private keeps(track: Track, groups: Groups): boolean {
    const { follows, id, ids, ordered, references, remembers, uniques } = track
    if (id > 0 && !ids.add(numberOf(groups[id]!))) return false
    for (const reference of references) {
      const value = groups[reference.group]
      if (value === undefined) {
        this.places[reference.group] = -1
        if (reference.derived && groups[reference.uid] !== undefined) return false
        continue
      }
      const place = reference.ids.place(numberOf(value))
      this.places[reference.group] = place
      if (place < 0 || (reference.uids !== undefined && !reference.uids.is(place, groups[reference.uid]))) return false
    }
    for (const remember of remembers) remember(groups, this.places)
    for (const follow of follows) if (!follow(groups, this.places)) return false
    for (const { groups: columns, only, prints } of uniques) {
      if (only !== undefined && groups[only[0]] !== only[1]) continue
      const key = keyOf(groups, columns)
      if (key !== undefined && !prints.add(key)) return false
    }
    return ordered === undefined || ordered.after(groups)
  }

  /** What is asked of one kind only: the two tables that count and identify, trees, and ids that are reserved. */
  private specialOf(kind: Kind): Special | undefined {
    const { reserves, tree } = kind
    if (kind.table === "meta") {
      const [key, value] = [groupOf(kind, "key"), groupOf(kind, "value")]
      return (groups) => {
        this.meta.set(groups[key]!, groups[value]!)
        return true
      }
    }
    if (kind.table === "sqlite_sequence") {
      const [name, seq] = [groupOf(kind, "name"), groupOf(kind, "seq")]
      return (groups) => {
        const twice = this.sequences.has(groups[name]!)
        this.sequences.set(groups[name]!, Number(groups[seq]))
        return !twice
      }
    }
    if (tree !== undefined) {
      const [child, parent, only] = [tree.child, tree.parent, tree.only.column].map((key) => groupOf(kind, key)) as [
        number,
        number,
        number
      ]
      const parents = new Parents()
      this.trees.set(kind, parents)
      return (groups) => {
        if (groups[only] === tree.only.is) parents.set(this.place(child), this.place(parent))
        return true
      }
    }
    if (reserves !== undefined) {
      const group = groupOf(kind, reserves.field)
      return (groups) => {
        const id = Number(groups[group] ?? 0)
        if (id > (this.reserved.get(reserves.table) ?? 0)) this.reserved.set(reserves.table, id)
        return true
      }
    }
    return undefined
  }
}
