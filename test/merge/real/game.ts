/** Plays the same history on model databases and on real ones, and holds them against each other after every act. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { diff } from "../../../src/merge/Diff.ts"
import { temporaryDirectory } from "../../files/temp.ts"
import { exported, text } from "../../snapshot/kit.ts"
import type { Db } from "../model/database.ts"
import type { History } from "../model/generator.ts"
import { type Act, type From, play, type PlayOptions } from "../model/play.ts"
import { conflictsDiffer, databasesDiffer, nameDecisions } from "./compare.ts"
import { mergeReal } from "./mergeReal.ts"
import { Names } from "./names.ts"
import { read } from "./reading.ts"
import { Replicas, stamp } from "./replicas.ts"
import { contentOf, undoneAndDone } from "./undoReal.ts"

/** A real database is not what the model says. */
export class Differs extends Data.TaggedError("Differs")<{ readonly message: string }> {}

/** Projects were merged on both sides, each otherwise: the model decides by preference, the product asks for a merge of projects. */
class MergedProjects extends Data.TaggedError("MergedProjects")<{}> {}

const differs = (message: string) => new Differs({ message })

type Merge = Extract<Act, { readonly act: "merge" }>

/** After every deed: everything that the model knows. */
const same = Effect.fnUntraced(function*(replicas: Replicas, replica: number, model: Db, after: string) {
  const real = yield* read(replicas.path(replica), replicas.names)
  const found = databasesDiffer(model, real)
  if (found !== undefined) yield* differs(`after ${after}, model <> database: ${found}`)
})

/** A database, a copy of one, or now and then its snapshot. */
const sourceOf = Effect.fnUntraced(function*(replicas: Replicas, from: From, k: number) {
  const path = "snapshot" in from ? replicas.snapshotPath(from.snapshot) : replicas.path(from.replica)
  if ("project" in from) {
    const projects = [{ uid: replicas.names.real(from.project) }]
    return { snapshot: text(yield* exported(path, { projects })) }
  }
  return k % 3 === 0 ? { snapshot: text(yield* exported(path)) } : { database: path }
})

const merging = Effect.fnUntraced(function*(replicas: Replicas, act: Merge) {
  const { names } = replicas
  const { db, from, into, merged: { report, result }, options } = act
  const path = replicas.path(into)
  const source = yield* sourceOf(replicas, from, options.k)
  // the product leaves it to the user: the hint says how
  if (report.conflicts.some(({ is }) => is === "projects")) return yield* new MergedProjects()
  const before = contentOf(path)
  const conflicts = yield* mergeReal(path, source, options, names)
  const after = `merge ${options.k} of ${JSON.stringify(from)} into ${into}`
  const wanted = result === undefined ? report.conflicts : []
  const other = conflictsDiffer(names, wanted, conflicts)
  if (other !== undefined) return yield* differs(`${after}, model <> database: ${other}`)
  const wrong = options.k % 3 === 0 ? yield* undoneAndDone(path, before) : undefined
  if (wrong !== undefined) return yield* differs(`${after}: ${wrong}`)
  yield* stamp(path, names, options.now, db)
  const real = yield* read(path, names)
  const again = nameDecisions(names, db, real) ? yield* read(path, names) : real
  const found = databasesDiffer(db, again)
  if (found !== undefined) return yield* differs(`${after}, model <> database: ${found}`)
})

/** What a database calls its projects and issues is its own, and where its workspaces are. */
const local = new Set(["name", "short_id", "project_name"])
/** Of a project without history nobody tells the others, nor of its aliases; of two issues that importers call alike each side keeps its own. */
const untold = new Set(["project", "project_alias", "import_mapping"])

/** A payload without the number of a link, which may be gone on one side and have come back under another one on the other. */
const unnumbered = (payload: string | null) => payload?.replace(/"link_id":\d+/, "") ?? null

/** What everybody has merged is equal for the product, too. */
const equal = Effect.fnUntraced(function*(replicas: Replicas, count: number) {
  for (let i = 1; i < count; i++) {
    const { changes } = yield* diff({
      a: { database: replicas.path(0) },
      b: { database: replicas.path(i) },
      limit: 1000
    })
    const left = changes.filter(({ fields, kind, what }) => {
      const differing = fields.flatMap(({ field, from, to }) =>
        field === "payload" && unnumbered(from) === unnumbered(to) ? [] : [field]
      )
      if (what !== "changed") return !untold.has(kind)
      if (kind === "project_alias") return differing.includes("project_id")
      // two issues of one name: each side keeps its own
      if (kind === "import_mapping" && differing.includes("issue_id")) return false
      return differing.some((field) => !local.has(field))
    })
    if (left.length > 0) yield* differs(`0 and ${i} at the end: ${JSON.stringify(left.slice(0, 5))}`)
  }
})

/** Fails where the two part, and dies with `Wrong` where the rules of the model are wrong. */
export const playBoth = Effect.fn("Game.playBoth")(
  function*(history: History, options: PlayOptions = {}) {
    const names = new Names()
    const directory = yield* temporaryDirectory
    const replicas = new Replicas(directory, names)
    yield* replicas.make()
    const { modern, replicas: count } = history.config
    const all = Array.from({ length: count }, (_, i) => i)
    const kept = (i: number) => `${directory}/kept-${i}.db`
    const one = (act: Act) => {
      switch (act.act) {
        case "copy":
          return Effect.forEach(all.slice(1), (i) => replicas.copyTo(i), { discard: true })
        case "keep":
          return Effect.forEach(all, (i) => replicas.copy(replicas.path(i), kept(i)), { discard: true })
        case "return":
          return Effect.forEach(all, (i) => replicas.copy(kept(i), replicas.path(i)), { discard: true })
        case "snapshot":
          return replicas.copy(replicas.path(act.of), replicas.snapshotPath(act.number))
        case "deed": {
          const { deed, events, now, on, step: { k } } = act
          return Effect.zipRight(
            replicas.perform(on, deed, events, { k, now, modern }),
            same(replicas, on, act.db, `${k} ${deed.do}`)
          )
        }
        case "merge":
          return merging(replicas, act)
        case "end":
          return act.leaving.issues.size + act.leaving.aliases.size > 0 ? Effect.void : equal(replicas, count)
      }
    }
    for (const act of play(history, options)) yield* one(act)
  },
  Effect.catchTag("MergedProjects", () => Effect.void),
  Effect.scoped
)
