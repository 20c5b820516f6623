/** Snapshots that come from one, each with work of its own. */
import * as Effect from "effect/Effect"
import { mergeFile, type MergeFileOptions } from "../../src/merge/MergeFile.ts"
import { stableUlid } from "../../src/records/versions/derivedUid.ts"
import * as kit from "../snapshot/kit.ts"

/** `app#k3vq` of the fixture, which is open, without an owner, a priority and a text. */
export const issue = "01KDVDNAZJPEEXJ1T6BJ7NK3VQ"

let last = 0

/** Something that happened to an issue, and the event that tells of it. */
export const did = (type: string, payload: object, set: string, of = issue): string => {
  last += 1
  const at = new Date(Date.UTC(2027, 0, 2) + last * 1000).toISOString()
  const [uid, json] = [stableUlid(`event ${last}`, Date.parse(at)), JSON.stringify(payload).replaceAll("'", "''")]
  return `UPDATE issues SET ${set}, updated_at = '${at}' WHERE uid = '${of}';
    INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload, created_at)
      SELECT '${uid}', (SELECT value FROM meta WHERE key = 'instance_uid'), p.id, p.name, i.id, i.uid, '${type}', 'ann', '${json}', '${at}'
      FROM issues i JOIN projects p ON p.id = i.project_id WHERE i.uid = '${of}';`
}

/** As Go kata tells a change of title, text or owner. */
export const edited = (set: string): string => did("issue.updated", {}, set)

/** As this kata tells it. */
export const titled = (title: string, was: string): string =>
  did("issue.updated", { title, old_title: was }, `title = '${title}'`)

export const owned = (owner: string): string => did("issue.assigned", { owner }, `owner = '${owner}'`)
export const prioritised = (priority: number): string =>
  did("issue.priority_set", { priority }, `priority = ${priority}`)

export interface Files {
  readonly directory: string
  readonly base: string
  readonly ours: string
  readonly theirs: string
}

type Options = Parameters<typeof kit.exported>[1]

/** Three snapshots: `before` has happened to the database that all come from. */
export const three = Effect.fnUntraced(
  function*(ours: string, theirs: string, before = "", options: Options = {}) {
    const directory = yield* kit.temporary
    const path = (name: string) => `${directory}/${name}`
    const fixture = yield* kit.copyTo(path("base.db"), "rich.db")
    yield* kit.change(fixture, before)
    const write = (name: string, database: string) =>
      Effect.flatMap(kit.exported(database, options), (text) => kit.writeFile(path(`${name}.jsonl`), text))
    const base = yield* write("base", fixture)
    const side = Effect.fnUntraced(function*(name: string, sql: string) {
      const database = yield* kit.writeFile(path(`${name}.db`), yield* kit.bytesOf(fixture))
      yield* kit.change(database, sql)
      return yield* write(name, database)
    })
    return { directory, base, ours: yield* side("ours", ours), theirs: yield* side("theirs", theirs) } satisfies Files
  }
)

/** Merges copies of the files, so that they can be merged again; the path of the result. */
export const merged = Effect.fnUntraced(
  function*(files: Files, options: Partial<Pick<MergeFileOptions, "base" | "prefer">> = {}, result = "result.jsonl") {
    const ours = yield* kit.writeFile(`${files.directory}/${result}`, yield* kit.bytesOf(files.ours))
    const report = yield* mergeFile({
      base: files.base,
      ours,
      theirs: files.theirs,
      name: "snapshot.jsonl",
      ...options
    })
    return { path: ours, report }
  }
)

/** The same with ours and theirs in each other's place, as `git rebase` has them. */
export const turned = (files: Files): Files => ({ ...files, ours: files.theirs, theirs: files.ours })

/** What a snapshot says of the issue, once it is restored. */
export const stateOf = Effect.fnUntraced(function*(snapshot: string, columns = "title, body, owner, priority") {
  const target = `${snapshot}.restored.db`
  yield* kit.restore(snapshot, target, { force: true })
  const [row] = yield* kit.query(target, `SELECT ${columns} FROM issues WHERE uid = '${issue}'`)
  return row
})
