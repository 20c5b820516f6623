/** Our API on a new database, asked over a Unix socket in this process. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, request } from "node:http"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Handle from "../../../src/database/Handle.ts"
import { fullText, indexes, newMeta, tablesOf, triggers } from "../../../src/database/schema.ts"
import { version10 } from "../../../src/records/kinds.ts"
import { make } from "../../../src/server/app.ts"
import type { Worker } from "../../../src/server/Worker.ts"
import type { Reply, Send } from "./scenario.ts"

export const create = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    writeFileSync(path, "", { mode: 0o600 })
    const db = yield* Handle.open(path, "write")
    yield* db.attempt("make the schema", () => {
      db.execute("BEGIN")
      for (const table of tablesOf(version10)) db.execute(table)
      for (const { sql } of indexes) db.execute(sql)
      db.execute(fullText)
      for (const { sql } of triggers) db.execute(sql)
      for (const { key, value } of newMeta(version10)) {
        db.prepare("INSERT INTO meta(key, value) VALUES (?, ?)").run(key, value)
      }
      db.execute("COMMIT")
    })
  }))

export type Address = { readonly socketPath: string } | { readonly host: string; readonly port: number }

const send = (address: Address): Send => ({ body, headers, method, path }) =>
  new Promise<Reply>((resolve, reject) => {
    // node gives a length only to the bodies of methods that usually have one
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) }
    const asked = request(
      { ...address, method, path, headers: { ...length, ...headers }, agent: false },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => void chunks.push(chunk))
        response.on("error", reject)
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string | undefined>,
            text: Buffer.concat(chunks).toString("utf8")
          }))
      }
    )
    asked.on("error", reject)
    asked.end(body)
  })

export interface ServeOptions {
  readonly token?: string
  readonly insecureReadonly?: boolean
  readonly throttle?: { readonly enabled: boolean; readonly window: number }
  /** A database to begin with. */
  readonly database?: string
  /** Files of a user: what is in them, by their paths below `files/`. */
  readonly files?: Readonly<Record<string, string>>
  /** On the loopback instead of a socket. */
  readonly tcp?: boolean
  /** What works beside it; nothing, unless given. */
  readonly worker?: Layer.Layer<Worker>
  /** What its files are written to. */
  readonly filesystem?: Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem>
}

export interface Served {
  readonly address: Address
  readonly database: string
  readonly directory: string
}

/** Our API on a new database, for as long as the scope is open; without a socket: it is asked from within. */
export const inside = (options: ServeOptions) =>
  Effect.gen(function*() {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "kata-test-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const path = join(directory, "kata.db")
    for (const [file, text] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(directory, "files", file)), { recursive: true })
      writeFileSync(join(directory, "files", file), text)
    }
    if (options.database === undefined) yield* create(path)
    else copyFileSync(options.database, path)
    const app = yield* make({
      databasePath: path,
      version: "test",
      pid: process.pid,
      startedAt: new Date().toISOString(),
      throttle: options.throttle ?? { enabled: false, window: 60_000 },
      token: options.token ?? "",
      insecureReadonly: options.insecureReadonly ?? false
    })
    return { databasePath: path, app, directory }
  }).pipe(
    Effect.provide(options.worker ?? Layer.empty),
    Effect.provide(options.filesystem ?? Layer.context<FileSystem.FileSystem>()),
    Effect.provide(NodeContext.layer)
  )

/** The same on a socket. */
export const served = (options: ServeOptions) =>
  Effect.gen(function*() {
    const { app, databasePath, directory } = yield* inside(options)
    const socketPath = join(directory, "s")
    const server = yield* NodeHttpServer.make(
      () => createServer(),
      options.tcp === true ? { host: "127.0.0.1", port: 0 } : { path: socketPath }
    )
    yield* HttpServer.serveEffect(app).pipe(Effect.provideService(HttpServer.HttpServer, server))
    const address = server.address._tag === "TcpAddress"
      ? { host: server.address.hostname, port: server.address.port }
      : { socketPath }
    return { send: send(address), address, database: databasePath, directory }
  }).pipe(Effect.provide(NodeContext.layer))

/** Serves for as long as `use` runs. */
export const serving = <A>(options: ServeOptions, use: (send: Send, served: Served) => Promise<A>) =>
  Effect.scoped(Effect.flatMap(served(options), ({ send, ...served }) => Effect.promise(() => use(send, served))))
