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
import { childrenOf, nodeOf, type Pages, tableInterior, tableLeaf } from "./Image.ts"
import { type Layout, layoutOf, pagesOf } from "./layout.ts"
import { schemaLeaves, schemaRowsIn } from "./schemaRows.ts"
import { type Log, logOf } from "./wal.ts"

export interface PrivateCopy {
  readonly path: string
  readonly layout: Layout
  readonly pages: () => Pages
  /** Pages in the log behind a damage. */
  readonly log: Iterable<readonly [page: number, bytes: Buffer]>
  /** What had to be mended, for people. */
  readonly mended: ReadonlyArray<string>
}

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

/** Whether the first page is the root of a schema: a leaf with its rows, or a page above leaves that have them. */
const hasSchema = (pages: Pages): boolean => {
  const bytes = pages.page(1)
  const root = bytes === undefined ? undefined : nodeOf(1, bytes, pages.usable)
  if (root === undefined || root.bad > 0) return false
  if (root.type === tableLeaf) return schemaRowsIn(pages, root) !== undefined
  return root.type === tableInterior && childrenOf(pages, root).some(({ page }) => {
    const child = pages.page(page)
    const node = child === undefined || page === 1 ? undefined : nodeOf(page, child, pages.usable)
    return node !== undefined && (node.type === tableInterior || schemaRowsIn(pages, node) !== undefined)
  })
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
  const cellSize = 4 + 9
  const first = leaves.filter((_, i) => 12 + (2 + cellSize) * (i + 1) <= pages.usable - 100)
  page.writeUInt16BE(first.length, 3)
  for (const [i, { most, page: child }] of first.entries()) {
    const at = pages.usable - 100 - cellSize * (i + 1)
    page.writeUInt16BE(at + 100, 12 + 2 * i)
    page.writeUInt32BE(child, at)
    // nine bytes say any number
    for (let byte = 0; byte < 8; byte++) {
      page[at + 4 + byte] = 0x80 | Number((most >> BigInt(64 - 7 * (byte + 1))) & 0x7fn)
    }
    page[at + 12] = Number(most & 0xffn)
  }
  page.writeUInt16BE(pages.usable - cellSize * first.length, 5)
  return page
}

/** Makes the copy one that SQLite can open. Undefined when nothing in it is like a page of a database. */
const mend = (file: PrivateBytes, log: PrivateBytes | undefined) => {
  const before = layoutOf(file, undefined)
  const read = log === undefined ? undefined : logOf(log, before?.layout.pageSize ?? 4096)
  const applied = read !== undefined && (before === undefined || before.layout.pageSize === read.pageSize)
  if (log !== undefined && applied) applyLog(file, log, read)
  const found = applied ? layoutOf(file, read.pageSize) : before
  if (found === undefined) return undefined
  const { header, layout } = found
  const mended: Array<string> = []
  const { pageSize } = layout
  if (file.size() % pageSize !== 0) file.truncate(Math.ceil(file.size() / pageSize) * pageSize)
  if (header !== undefined) {
    file.write(0, header)
    mended.push("the header of the file")
  }
  const pages = pagesOf(file, pageSize, layout.reserved)
  if (!hasSchema(pages)) {
    file.write(100, rootOver(pages))
    mended.push("the first page of the schema")
  }
  return { layout, mended, applied, beyond: applied ? read.beyond : [] }
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
    log: {
      *[Symbol.iterator]() {
        for (const { at, page } of beyond) {
          const bytes = log?.read(at, layout.pageSize)
          if (bytes !== undefined && bytes.length === layout.pageSize) yield [page, bytes] as const
        }
      }
    },
    mended: lost === 0 ? mended : [...mended, `${lost} bytes that could not be read`]
  } satisfies PrivateCopy
})
