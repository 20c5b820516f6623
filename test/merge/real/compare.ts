/** What a real merge said and did, against what the model says. */
import { contentOf, difference, plain } from "../model/content.ts"
import { type Db, type Facet, text } from "../model/database.ts"
import { partsOf } from "../model/facets.ts"
import type { Conflict as ModelConflict } from "../model/report.ts"
import type { Names } from "./names.ts"

/** A conflict as the product reports it. */
export interface Conflict {
  readonly facet: string
  readonly of: string
  readonly key: string | null
  readonly why: string | null
}

const spelled: Readonly<Record<string, string>> = { meta: "metadata", deleted: "deletion", area: "project_metadata" }
const columns: Readonly<Record<string, string>> = { rule: "rrule", template: "template_title", deleted: "deleted_at" }

/** Kind, uid and key of a facet, in the words of the product. */
const wordsOf = (names: Names, of: Facet): string => {
  const [kind = "", x = "", y = "", z = ""] = partsOf(of)
  if (kind === "link") return `${x} ${names.real(y)} ${names.real(z)}`
  const key = kind === "recurrence" ? columns[y] ?? y : y
  return `${spelled[kind] ?? kind} ${names.real(x)} ${key}`
}

/** Conflicts as a set: of facets which they are, of what only the merge would break that there is such a one. */
const ofModel = (names: Names, conflicts: ReadonlyArray<ModelConflict>): ReadonlyArray<string> => {
  const facets = conflicts.flatMap((one) => one.is === "facet" ? [wordsOf(names, one.facet)] : [])
  const projects = conflicts.some(({ is }) => is === "projects")
  // these are looked for when nothing else is open
  const others = conflicts.flatMap(({ is }) => is === "circle" || is === "moved and linked" ? [is] : [])
  if (projects) return ["merged projects"]
  return facets.length > 0 ? facets.toSorted() : [...new Set(others)]
}

const ofProduct = (conflicts: ReadonlyArray<Conflict>): ReadonlyArray<string> => {
  if (conflicts.some(({ why }) => why === "merged projects")) return ["merged projects"]
  const all = conflicts.map(({ facet, key, of, why }) => why ?? `${facet} ${of} ${key ?? ""}`)
  return [...new Set(all)].toSorted()
}

/** How the conflicts differ, in words. */
export const conflictsDiffer = (
  names: Names,
  model: ReadonlyArray<ModelConflict>,
  product: ReadonlyArray<Conflict>
): string | undefined => {
  const [a, b] = [ofModel(names, model), ofProduct(product)]
  return text(a) === text(b) ? undefined : `conflicts ${text(a)} <> ${text(b)}`
}

/** An event as one of the same facet would be, whatever its name. */
const unnamed = (db: Db): ReadonlyMap<string, string> =>
  new Map(Object.entries(contentOf(db)["event"] ?? {}).map(([uid, words]) => [uid, String(words)]))

/** Events that the merge wrote by itself get the names that the model gave to the same ones. */
export const nameDecisions = (names: Names, model: Db, real: Db): boolean => {
  const [wanted, found] = [unnamed(model), unnamed(real)]
  const open = [...wanted].filter(([uid]) => !found.has(uid))
  let named = false
  for (const [uid, words] of found) {
    if (!uid.startsWith("?")) continue
    const at = open.findIndex(([, other]) => other === words)
    const [hit] = at < 0 ? [] : open.splice(at, 1)
    if (hit === undefined) continue
    names.know(hit[0], uid.slice(1))
    named = true
  }
  return named
}

/** A link that no row was taken from has the time and the author of an event, which the model does not know. */
const unknownRows = (model: Db, real: Db): Db => {
  const db = real.copy()
  for (const [of, row] of model.links) if (row.at === 0 && db.links.has(of)) db.links.set(of, row)
  for (const [child, row] of model.parents) {
    if (row.at === 0 && db.parents.get(child)?.parent === row.parent) db.parents.set(child, row)
  }
  return db
}

/** Everything that the model knows; which short ids there are is for the database. */
export const databasesDiffer = (model: Db, real: Db): string | undefined =>
  difference(plain(contentOf(model), true), plain(contentOf(unknownRows(model, real)), true))
