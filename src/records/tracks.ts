/** What is remembered of each kind while its records pass, made from its rules. */
import * as Option from "effect/Option"
import { Ids, Prints, Uids } from "./compactSets.ts"
import type { Field } from "./Field.ts"
import type { Format } from "./Format.ts"
import type { Kind } from "./Kind.ts"
import { groupOf } from "./linePatterns.ts"
import type { Unique } from "./Rule.ts"

type Groups = ReadonlyArray<string | undefined>

/** Of the record that passes: the places of the rows that its groups refer to. */
type Places = Int32Array

/** A column that holds the row number of another table. */
interface Reference {
  readonly group: number
  readonly ids: Ids
  /** The group of the uid that stands beside the row number, and must be that of the row. */
  readonly uid: number
  readonly uids: Uids | undefined
  /** Without a row number there is no uid either. */
  readonly derived: boolean
}

interface Constraint {
  readonly columns: ReadonlyArray<string>
  readonly groups: ReadonlyArray<number>
  readonly only: readonly [group: number, value: string] | undefined
  readonly prints: Prints
}

/** What is remembered of a kind, and where in its lines it stands. */
export interface Track {
  /** Records that have passed. */
  rows: number
  readonly id: number
  readonly ids: Ids
  readonly references: ReadonlyArray<Reference>
  readonly remembers: ReadonlyArray<(groups: Groups, places: Places) => void>
  readonly follows: ReadonlyArray<(groups: Groups, places: Places) => boolean>
  readonly uniques: ReadonlyArray<Constraint>
  /** The records stand in the order of a key that is unique. */
  readonly ordered: InOrder | undefined
  /** By column: where the rows stand that the rows refer to, by place. */
  readonly places: ReadonlyMap<string, ReadonlyArray<number>>
}

/** `Number` of an integer that a pattern has accepted, several times as fast. */
export const numberOf = (digits: string): number => {
  const negative = digits.charCodeAt(0) === 0x2d
  let number = 0
  for (let i = negative ? 1 : 0; i < digits.length; i++) number = number * 10 + digits.charCodeAt(i) - 0x30
  return negative ? -number : number
}

/** Whether each record comes after the one before it, by the columns of its key. Text by how it is spelled: that is an order, too. */
class InOrder {
  private readonly columns: ReadonlyArray<readonly [group: number, number: boolean]>
  private last: Groups | undefined

  constructor(kind: Kind) {
    this.columns = kind.key.map((column) =>
      [groupOf(kind, column), kind.fields.some(({ key, storage }) => key === column && storage === "integer")] as const
    )
  }

  after(groups: Groups): boolean {
    const { last } = this
    this.last = groups
    if (last === undefined) return true
    for (const [group, number] of this.columns) {
      const [a, b] = [last[group], groups[group]]
      if (a === undefined || b === undefined) return false
      if (a !== b) return number ? numberOf(a) < numberOf(b) : a < b
    }
    return false
  }
}

/** What is remembered of the rows of a table because rules of others ask for it. */
class Memory {
  readonly uids: Uids | undefined
  readonly places: ReadonlyMap<string, Array<number>>
  readonly filled: ReadonlyMap<string, Set<number>>

  constructor(format: Format, { table }: Kind) {
    /** Where `via` of a kind leads here. */
    const leadsHere = (kind: Kind, via: string) =>
      kind.fields.some(({ key, reference }) => key === via && Option.exists(reference, (to) => to.table === table))
    const asked = format.kinds.flatMap((kind) =>
      kind.between.flatMap(({ follow }) => "via" in follow && leadsHere(kind, follow.via) ? [follow] : [])
    )
    const derived = format.kinds.some(({ fields }) => fields.some(({ derived }) => isUidOf(derived, table)))
    this.uids = derived || asked.some(({ is }) => is === "uid") ? new Uids() : undefined
    this.places = new Map(asked.flatMap((follow) => follow.is === "same row" ? [[follow.column, []]] : []))
    this.filled = new Map(asked.flatMap((follow) => follow.is === "without" ? [[follow.column, new Set()]] : []))
  }
}

const isUidOf = (derived: Field["derived"], table: string): boolean =>
  Option.exists(derived, (of) => of.table === table && of.column === "uid")

/** An empty track of each kind. `indexed`: an index answers for what is unique, but for what must be looked up here. */
export const tracksOf = (format: Format, indexed: boolean): ReadonlyMap<Kind, Track> => {
  const ids = new Map(format.kinds.map(({ table }) => [table, new Ids()]))
  const memories = new Map(format.kinds.map((kind) => [kind.table, new Memory(format, kind)]))
  const lookedUp = format.kinds.flatMap(({ between }) =>
    between.flatMap(({ follow }) => follow.is === "not among" ? [`${follow.table} ${follow.columns.join()}`] : [])
  )
  const constraints = new Map(format.kinds.map((kind) => [
    kind.table,
    kind.unique
      .filter(({ columns }) => !inOrder(kind, columns))
      .filter(({ columns }) => !indexed || lookedUp.includes(`${kind.table} ${columns.join()}`))
      .map(({ columns, only }: Unique): Constraint => ({
        columns,
        groups: columns.map((column) => groupOf(kind, column)),
        only: only && [groupOf(kind, only.column), only.is],
        prints: new Prints()
      }))
  ]))

  /** The fields that say the uid of the row that a field points at. */
  const besideOf = (kind: Kind, via: string) =>
    kind.between.flatMap(({ follow }) => follow.is === "uid" && follow.via === via ? [follow.field] : [])

  const referenceOf = (kind: Kind) => (field: Field): ReadonlyArray<Reference> =>
    Option.match(field.reference, {
      onNone: () => [],
      onSome: ({ table }) => {
        const derived = kind.fields.filter((other) =>
          isUidOf(other.derived, table) && Option.exists(other.derived, ({ via }) => via === field.key)
        ).map(({ key }) => key)
        const uid = [...derived, ...besideOf(kind, field.key)][0]
        return [{
          group: groupOf(kind, field.key),
          ids: ids.get(table)!,
          uid: uid === undefined ? 0 : groupOf(kind, uid),
          uids: uid === undefined ? undefined : memories.get(table)!.uids,
          derived: derived.length > 0
        }]
      }
    })

  const remembersOf = (kind: Kind): Track["remembers"] => {
    const { filled, places, uids } = memories.get(kind.table)!
    const own = ids.get(kind.table)!
    const uid = groupOf(kind, "uid")
    return [
      ...(uids === undefined ? [] : [(groups: Groups) => uids.set(own.count - 1, groups[uid] ?? "")]),
      ...[...places].map(([column, at]) => {
        const group = groupOf(kind, column)
        return (_: Groups, found: Places) => void at.push(found[group]!)
      }),
      ...[...filled].map(([column, at]) => {
        const group = groupOf(kind, column)
        return (groups: Groups) => void (groups[group] !== undefined && at.add(own.count - 1))
      })
    ]
  }

  const followsOf = (kind: Kind): Track["follows"] =>
    kind.between.flatMap(({ follow }) => {
      const parent = (via: string) => {
        const to = kind.fields.find(({ key }) => key === via)?.reference ?? Option.none()
        return Option.getOrThrow(Option.flatMapNullable(to, ({ table }) => memories.get(table)))
      }
      switch (follow.is) {
        case "there":
          return []
        case "uid": {
          // Mostly one, which is looked at where the reference is.
          const [via, field, { uids }] = [groupOf(kind, follow.via), groupOf(kind, follow.field), parent(follow.via)]
          const first = besideOf(kind, follow.via)[0] === follow.field &&
            !kind.fields.some(({ derived }) => Option.exists(derived, (of) => of.via === follow.via))
          return first ?
            [] :
            [(found: Groups, places: Places) =>
              found[via] === undefined || uids?.is(places[via]!, found[field]) === true]
        }
        case "same row": {
          const [via, field, at] = [
            groupOf(kind, follow.via),
            groupOf(kind, follow.field),
            parent(follow.via).places.get(follow.column)!
          ]
          return [(_: Groups, places: Places) => places[via]! < 0 || at[places[via]!] === places[field]]
        }
        case "without": {
          const [via, at] = [groupOf(kind, follow.via), parent(follow.via).filled.get(follow.column)!]
          return [(_: Groups, places: Places) => !at.has(places[via]!)]
        }
        case "not among": {
          const groups = follow.fields.map((field) => groupOf(kind, field))
          const among = constraints.get(follow.table)?.find(({ columns }) => columns.join() === follow.columns.join())
          return [(found: Groups) => {
            const values = groups.map((group) => found[group])
            return values.includes(undefined) || (among !== undefined && !among.prints.has(values.join("\n")))
          }]
        }
      }
    })

  return new Map(format.kinds.map((kind) => [kind, {
    rows: 0,
    id: groupOf(kind, "id"),
    ids: ids.get(kind.table)!,
    references: kind.fields.flatMap(referenceOf(kind)),
    remembers: remembersOf(kind),
    follows: followsOf(kind),
    uniques: constraints.get(kind.table) ?? [],
    ordered: kind.unique.some(({ columns }) => inOrder(kind, columns)) ? new InOrder(kind) : undefined,
    places: memories.get(kind.table)!.places
  }]))
}

/** Whether what is unique is what orders the lines. A key of one column is an id, which is counted, or is that of few. */
const inOrder = ({ key }: Kind, columns: ReadonlyArray<string>): boolean =>
  key.length > 1 && columns.join() === key.join()
