/**
 * What both come from, against random histories: hundreds of issues whose titles, texts and owners are changed by events that say what they
 * changed, and by events that do not. What must come of each facet is known from what was really written.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mergeFile } from "../../src/merge/MergeFile.ts"
import { encodeUlid } from "../../src/records/ulid.ts"
import { Random } from "../../src/testing/random.ts"
import * as kit from "../snapshot/kit.ts"

const fields = ["title", "body", "owner"] as const
type Field = typeof fields[number]

interface Write {
  readonly field: Field
  readonly value: string
  /** The event says what it changed. */
  readonly says: boolean
}

interface History {
  readonly uid: string
  readonly common: ReadonlyArray<Write>
  /** How many of the common writes the base has. */
  readonly inBase: number
  readonly ours: ReadonlyArray<Write>
  readonly theirs: ReadonlyArray<Write>
}

const start = Date.UTC(2027, 0, 2)

const writes = (random: Random, most: number): ReadonlyArray<Write> =>
  Array.from({ length: random.below(most + 1) }, () => ({
    field: fields[random.below(3)]!,
    value: `v${random.below(3)}`,
    says: random.below(3) === 0
  }))

const histories = (random: Random, count: number): ReadonlyArray<History> =>
  Array.from({ length: count }, (_, n) => {
    const common = writes(random, 3)
    return {
      uid: encodeUlid(start, BigInt(n) + (1n << 70n)),
      common,
      inBase: random.below(3) === 0 ? random.below(common.length + 1) : common.length,
      ours: writes(random, 3),
      theirs: writes(random, 3)
    }
  })

const valueAfter = (field: Field, ...all: ReadonlyArray<ReadonlyArray<Write>>) =>
  all.flat().filter((write) => write.field === field).at(-1)?.value ?? "v0"

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

let serial = 0
const event = (uid: string, type: string, payload: object) => {
  serial += 1
  const at = new Date(start + serial).toISOString()
  return `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload, created_at)
    SELECT '${
    encodeUlid(start + serial, BigInt(serial))
  }', (SELECT value FROM meta WHERE key = 'instance_uid'), 1, 'app', id, uid, '${type}', 'ann',
      ${quoted(JSON.stringify(payload))}, '${at}' FROM issues WHERE uid = '${uid}';`
}

const born = ({ uid }: History) =>
  `INSERT INTO issues(uid, project_id, short_id, title, body, owner, author)
    VALUES ('${uid}', 1, '${uid.slice(-8).toLowerCase()}', 'v0', 'v0', 'v0', 'ann');${event(uid, "issue.created", {})}`

const written = (uid: string, { field, says, value }: Write) =>
  `UPDATE issues SET ${field} = '${value}' WHERE uid = '${uid}';${
    event(uid, "issue.updated", says ? { [field]: value } : {})
  }`

const sql = (all: ReadonlyArray<History>, of: (one: History) => ReadonlyArray<Write>) =>
  all.flatMap((one) => of(one).map((write) => written(one.uid, write))).join("\n")

const isTouched = (field: Field, all: ReadonlyArray<Write>) => all.some(({ field: of, says }) => !says || of === field)
const isMute = (field: Field, all: ReadonlyArray<Write>) => all.every(({ field: of, says }) => !says || of !== field)

/** What must come of a facet; null: nobody can say, and it is a conflict. */
const wanted = (field: Field, { common, inBase, ours, theirs }: History): string | null => {
  const [a, b] = [valueAfter(field, common, ours), valueAfter(field, common, theirs)]
  if (a === b) return a
  let [s, t] = [isTouched(field, ours), isTouched(field, theirs)]
  const isAncestor = !isTouched(field, common.slice(inBase))
  const before = valueAfter(field, common.slice(0, inBase))
  if (s && t && isAncestor) {
    if (a === before && isMute(field, ours)) s = false
    else if (b === before && isMute(field, theirs)) t = false
  }
  return s && t ? null : s ? a : b
}

it.scopedLive(
  "narrows what an event may have changed, and never takes an old value for a new one",
  () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const random = new Random(7)
      const all = histories(random, 400)
      const path = (name: string) => `${directory}/${name}`
      const file = (name: string) =>
        Effect.flatMap(kit.exported(path(`${name}.db`)), (text) => kit.writeFile(path(`${name}.jsonl`), text))
      const copy = (from: string, to: string) =>
        Effect.flatMap(kit.bytesOf(path(from)), (bytes) => kit.writeFile(path(to), bytes))
      yield* kit.copyTo(path("base.db"), "rich.db")
      yield* kit.change(
        path("base.db"),
        `BEGIN;${all.map(born).join("\n")}${sql(all, ({ common, inBase }) => common.slice(0, inBase))};COMMIT`
      )
      yield* copy("base.db", "ours.db")
      yield* kit.change(path("ours.db"), `BEGIN;${sql(all, ({ common, inBase }) => common.slice(inBase))};COMMIT`)
      yield* copy("ours.db", "theirs.db")
      yield* kit.change(path("ours.db"), `BEGIN;${sql(all, ({ ours }) => ours)};COMMIT`)
      yield* kit.change(path("theirs.db"), `BEGIN;${sql(all, ({ theirs }) => theirs)};COMMIT`)
      const [base, ours, theirs] = [yield* file("base"), yield* file("ours"), yield* file("theirs")]

      const conflictsOf = (base: string | undefined) =>
        Effect.map(Effect.flip(mergeFile({ base, ours, theirs })), (error) =>
          error._tag === "FileConflicts"
            ? error.conflicts.map(({ facet, of }) => `${of} ${facet}`).toSorted()
            : [])
      const all3 = all.flatMap((one) => fields.map((field) => [one, field] as const))
      const undecided = all3.filter(([one, field]) => wanted(field, one) === null).map(([{ uid }, field]) =>
        `${uid} ${field}`
      )
      const found = yield* conflictsOf(base)
      assert.deepEqual(found, undecided.toSorted())
      const without = yield* conflictsOf(undefined)
      assert.isAbove(without.length, found.length + 50)
      assert.deepEqual(found.filter((one) => !without.includes(one)), [])

      const result = yield* copy("ours.jsonl", "result.jsonl")
      yield* mergeFile({ base, ours: result, theirs, prefer: "ours" })
      yield* kit.restore(result, path("result.db"))
      const rows = new Map(
        (yield* kit.query(path("result.db"), "SELECT uid, title, body, owner FROM issues")).map((
          row
        ) => [String(row["uid"]), row])
      )
      const wrong = all3.filter(([one, field]) =>
        rows.get(one.uid)?.[field] !== (wanted(field, one) ?? valueAfter(field, one.common, one.ours))
      )
      assert.deepEqual(wrong, [])
      // what only one of them has really written is never lost
      const lost = all3.filter(([one, field]) => {
        const by = (side: ReadonlyArray<Write>) => side.some((write) => write.field === field)
        const only = by(one.ours) === by(one.theirs) ? undefined : by(one.ours) ? one.ours : one.theirs
        return only !== undefined && wanted(field, one) !== null &&
          rows.get(one.uid)?.[field] !== valueAfter(field, one.common, only)
      })
      assert.deepEqual(lost, [])
    }).pipe(Effect.provide(kit.services)),
  120_000
)
