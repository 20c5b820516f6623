/**
 * A private copy of a database that may be damaged, made so that SQLite can open it: the committed part of its log is in it, its header
 * is one, and its first page leads to what is left of the schema. Only this copy is ever changed.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { closed } from "../../files/closeErrors.ts"
import { FileError, fromErrno, fromPlatform } from "../../files/FileError.ts"
import { openPrivate, type PrivateBytes } from "../../files/privateBytes.ts"
import { privateDirectory } from "../../files/staleFiles.ts"
import { openError } from "../OpenError.ts"
import { stamps } from "../view.ts"
import { childrenOf, type Node, nodeOf, type Pages, tableInterior, tableLeaf } from "./Image.ts"
import { type Layout, layoutOf, pagesOf } from "./layout.ts"
import { varintOf } from "./record.ts"
import { schemaLeaves, schemaRowsIn } from "./schemaRows.ts"
import { type Log, logOf } from "./wal.ts"

/** A page that is in no place of the file. */
export interface LoosePage {
  readonly page: number
  readonly bytes: Buffer
}

export interface PrivateCopy {
  readonly path: string
  readonly layout: Layout
  readonly pages: () => Pages
  /** Those in the log behind a damage, which were written after what is in the file. */
  readonly loose: Iterable<LoosePage>
  /** What had to be mended, for people. */
  readonly mended: ReadonlyArray<string>
}

/** Pages that are followed from the root of a schema: more than any schema has that kata can read. */
const mostSchemaPages = 10_000
const chunk = 1024 * 1024
const sector = 512

/** What a disk cannot read any more is a gap of zeros, a sector at a time; the rest of the file is there. */
const copyAround = Effect.fnUntraced(function*(from: string, to: string, asked: string) {
  const fs = yield* FileSystem.FileSystem
  const target = yield* openPrivate(to, asked, "r+")
  const file = yield* Effect.mapError(fs.open(from, { flag: "r" }), fromPlatform("open", asked))
  const { size } = yield* Effect.mapError(file.stat, fromPlatform("stat", asked))
  const read = (at: number, length: number) =>
    file.seek(FileSystem.Size(at), "start").pipe(
      Effect.zipRight(file.readAlloc(FileSystem.Size(length))),
      Effect.mapError(fromPlatform("read", asked))
    )
  let lost = 0
  const part = (at: number, length: number): Effect.Effect<void, FileError> =>
    Effect.matchEffect(read(at, length), {
      onSuccess: (bytes) => Effect.sync(() => target.write(at, Option.getOrElse(bytes, () => new Uint8Array()))),
      onFailure: (error) => {
        if (error.code !== "EIO") return Effect.fail(error)
        if (length > sector) {
          const half = Math.ceil(length / 2 / sector) * sector
          return Effect.zipRight(part(at, half), part(at + half, length - half))
        }
        lost += length
        return Effect.sync(() => target.write(at, Buffer.alloc(length)))
      }
    })
  for (let at = 0; at < Number(size); at += chunk) yield* part(at, Math.min(chunk, Number(size) - at))
  return lost
})

const copyFile = Effect.fnUntraced(function*(from: string, to: string, asked: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.copyFile(from, to).pipe(
    Effect.as(0),
    Effect.mapError(fromPlatform("read", asked)),
    Effect.catchIf((error) => error.code === "EIO", () => {
      const empty = fs.writeFile(to, new Uint8Array(), { mode: 0o600 })
      return Effect.mapError(empty, fromPlatform("create", asked)).pipe(
        Effect.zipRight(Effect.scoped(copyAround(from, to, asked))),
        closed(asked)
      )
    })
  )
})

/** Puts what the log has committed into its database, and the rest of it aside. */
const applyLog = (file: PrivateBytes, log: PrivateBytes, { committed, pageSize, pages }: Log): void => {
  for (const [page, at] of committed) file.write((page - 1) * pageSize, log.read(at, pageSize))
  if (committed.size > 0) file.truncate(pages * pageSize)
}

/** Tables that the leaves of a schema name, and those of them that its first page leads to: none when it also leads elsewhere. */
const tablesIn = (pages: Pages) => {
  const all = new Set<string>()
  const led = new Set<string>()
  const note = (into: Set<string>, node: Node) => {
    for (const { name, type } of schemaRowsIn(pages, node)?.rows ?? []) if (type === "table") into.add(name)
  }
  for (const node of schemaLeaves(pages)) if (node !== undefined) note(all, node)
  const seen = new Set<number>()
  const open = [1]
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    const bytes = seen.has(page) || seen.size > mostSchemaPages ? undefined : pages.page(page)
    const node = bytes === undefined ? undefined : nodeOf(page, bytes, pages.usable)
    seen.add(page)
    if (node === undefined || node.bad > 0 || (node.type === tableLeaf && schemaRowsIn(pages, node) === undefined)) {
      return { all, led: new Set() }
    }
    if (node.type === tableLeaf) note(led, node)
    else open.push(...childrenOf(pages, node).map((child) => child.page))
  }
  return { all, led }
}

/** A first page over the leaves of a schema that lost its own: with none of them, the schema is empty. */
const rootOver = (pages: Pages): Buffer => {
  const leaves = [...schemaLeaves(pages)].flatMap((node) => {
    const rows = node === undefined || node.number === 1 ? undefined : schemaRowsIn(pages, node)
    return node === undefined || rows === undefined ? [] : [{ page: node.number, most: rows.most }]
  }).toSorted((a, b) => a.most < b.most ? -1 : 1)
  const page = Buffer.alloc(pages.pageSize - 100)
  const last = leaves.pop()
  if (last === undefined) {
    page[0] = tableLeaf
    page.writeUInt16BE(pages.usable === 65_536 ? 0 : pages.usable, 5)
    return page
  }
  page[0] = tableInterior
  page.writeUInt32BE(last.page, 8)
  let [count, end] = [0, pages.usable - 100]
  for (const { most, page: child } of leaves) {
    const key = varintOf(most)
    const at = end - 4 - key.length
    // the tables of the others are found by their pages
    if (at < 12 + 2 * (count + 1)) break
    page.writeUInt16BE(at + 100, 12 + 2 * count++)
    page.writeUInt32BE(child, at)
    page.set(key, at + 4)
    end = at
  }
  page.writeUInt16BE(count, 3)
  page.writeUInt16BE(end + 100, 5)
  return page
}

/** Makes the copy one that SQLite can open. Undefined when nothing in it is like a page of a database. */
const mend = (file: PrivateBytes, log: PrivateBytes | undefined) => {
  const before = layoutOf(file, undefined)
  const read = log === undefined ? undefined : logOf(log, before?.layout.pageSize ?? 4096)
  const applied = read !== undefined && (before === undefined || before.layout.pageSize === read.pageSize)
  if (log !== undefined && applied) applyLog(file, log, read)
  const first = applied ? layoutOf(file, read.pageSize) : before
  if (first === undefined) return undefined
  const { pageSize } = first.layout
  if (file.size() % pageSize !== 0) file.truncate(Math.ceil(file.size() / pageSize) * pageSize)
  const displaced = file.read(0, pageSize)
  // another page stands where the first must be: it is kept behind the last
  if (nodeOf(0, displaced, pageSize - first.layout.reserved)?.at === 0) file.write(file.size(), displaced)
  const { header, isMended, layout } = layoutOf(file, pageSize) ?? first
  file.write(0, header)
  const mended = isMended ? ["the header of the file"] : []
  const pages = pagesOf(file, pageSize, layout.reserved)
  const { all, led } = tablesIn(pages)
  const encoding = file.read(56, 4).readUInt32BE()
  // names in UTF-8 are not those of a database in another encoding, whose schema is not for us to make anew
  if (encoding !== 1 && all.size > 0) {
    file.write(56, Buffer.from([0, 0, 0, 1]))
    mended.push("the encoding")
  }
  if (all.size > led.size || (encoding === 1 && led.size === 0)) {
    file.write(100, rootOver(pages))
    mended.push("the first page of the schema")
  }
  return { layout, mended, beyond: applied ? read.beyond : [] }
}

/**
 * Copies a file and its side files, once nothing changes while that is done, and mends the copy. Undefined when nothing in the file is
 * like a page of a database.
 */
export const privateCopy = Effect.fn("Database.privateCopy")(function*(path: string, asked: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* privateDirectory("salvage")
  const target = `${directory}/damaged.db`
  const names = ["", "-wal", "-journal"] as const
  const attempt = Effect.gen(function*() {
    const before = yield* stamps(path)
    let lost = 0
    for (const side of names) {
      lost += yield* copyFile(path + side, target + side, asked + side).pipe(
        Effect.catchIf((error) => error.code === "ENOENT" && side !== "", () => Effect.succeed(0)),
        Effect.catchIf(
          (error) => error.code === "ENOSPC" || error.code === "EDQUOT",
          (error) => openError(asked, "space", error.message)
        )
      )
    }
    if ((yield* stamps(path)) !== before) return yield* openError(asked, "changed")
    return lost
  })
  const lost = yield* Effect.retry(attempt, {
    times: 3,
    while: (error) => error._tag === "OpenError" && error.reason === "changed"
  })
  const logPath = `${directory}/log`
  const hasLog = yield* Effect.isSuccess(fs.stat(`${target}-wal`))
  // under another name SQLite does not take it for the log of the copy
  if (hasLog) yield* Effect.mapError(fs.rename(`${target}-wal`, logPath), fromPlatform("rename", asked))
  const file = yield* openPrivate(target, asked, "r+")
  const log = hasLog ? yield* openPrivate(logPath, asked, "r") : undefined
  const made = yield* Effect.try({ try: () => mend(file, log), catch: fromErrno("write", asked) })
  if (made === undefined) return undefined
  const { beyond, layout, mended } = made
  const pages = () => pagesOf(file, layout.pageSize, layout.reserved)
  return {
    path: target,
    layout,
    pages,
    loose: {
      *[Symbol.iterator]() {
        for (const { at, page } of beyond) {
          const bytes = log?.read(at, layout.pageSize)
          if (bytes !== undefined && bytes.length === layout.pageSize) yield { page, bytes }
        }
      }
    },
    mended: lost === 0 ? mended : [...mended, `${lost} bytes that could not be read`]
  } satisfies PrivateCopy
})
