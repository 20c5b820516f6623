/** What an importer of another tracker does to issues. */
import { type Db, issueOf, need, pick } from "./database.ts"
import { facet } from "./facets.ts"
import { liveIn, newIssue, on, type Operation, projectsIn } from "./issueOperations.ts"

const imported: Operation = (db, at) => {
  const { step: { b, c }, uid } = at
  const project = pick(projectsIn(db), b)
  const item = `bd${c % 2}`
  if (project === undefined || db.items.has(`${project} ${item}`)) return undefined
  const x = newIssue(db, at, project, c)
  db.items.set(`${project} ${item}`, x)
  db.emit(uid, "created", project, x, { labels: [], links: [], source: "beads", item })
  return { do: "import an issue", issue: x, project, item }
}

/** The live issues that an importer knows where they are, with the names that it has for them. */
const itemsOf = (db: Db): ReadonlyMap<string, string> =>
  new Map(
    liveIn(db).flatMap((x) => {
      const key = [...db.items.keys()].toSorted().find((key) =>
        db.items.get(key) === x && key.startsWith(`${issueOf(db, x).project} `)
      )
      return key === undefined ? [] : [[x, key.split(" ")[1] ?? ""]]
    })
  )

const isMapped = (db: Db) => [...itemsOf(db).keys()]
const itemOf = (db: Db, x: string): string => need(itemsOf(db).get(x), `item of ${x}`)

const importedChange = on((db, { config, now, step: { a, b, c, k }, uid }, x, row) => {
  if (now <= row.updated) return undefined
  const item = itemOf(db, x)
  const after = {
    title: `w${b % 3}`,
    status: c % 2 === 0 ? "open" : "done",
    priority: b % 2,
    owner: a % 2 === 0 ? "ana" : null
  }
  const changed = (["owner", "priority", "status", "title"] as const).filter((field) => row[field] !== after[field])
  for (const field of changed) db.mark(facet(field, x), k)
  Object.assign(row, after)
  row.closedAt = row.status === "open" ? null : row.closedAt ?? now
  row.updated = now
  // one that changed nothing looks like one of a time when they did not say what
  const fields = config.modern && changed.length > 0 ? { fields: changed } : {}
  db.emit(uid, "updated", row.project, x, { source: "beads", ...fields })
  return { do: "import a change", issue: x, item, after: { ...row } }
}, isMapped)

const importedComment = on((db, { step: { c }, uid }, x, row) => {
  const external = `x${c % 2}`
  if (db.mapped.has(`${x} ${external}`)) return undefined
  const item = itemOf(db, x)
  const comment = ++db.lastComment
  db.comments.set(comment, { issue: x, author: "ext", at: 7, body: external, mark: `x ${x} ${external}` })
  db.mapped.set(`${x} ${external}`, comment)
  db.emit(uid, "commented", row.project, x, { comment, external, source: "beads" })
  return { do: "import a comment", issue: x, item, comment, external }
}, isMapped)

export const importOperations: Readonly<Record<string, Operation>> = { imported, importedChange, importedComment }
