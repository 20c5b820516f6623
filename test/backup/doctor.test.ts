/** What doctor says of the directories that a database was saved to. The kit turns the clock of "effect/TestClock". */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { renameSync, truncateSync } from "node:fs"
import * as Backup from "../../src/backup/Backup.ts"
import { examine } from "../../src/doctor.ts"
import * as kit from "../snapshot/kit.ts"
import { at, site, work } from "./kit.ts"

it.scoped("doctor names the state of the backups, and ends with 5 when that is not well", () =>
  Effect.gen(function*() {
    yield* at(0)
    const { database, directory, home, root, run, where } = yield* site()
    const ask = Effect.map(
      examine({ database, homes: { kataHome: home, userHome: root }, backups: [directory] }),
      ({ checks, outcome }) => ({
        outcome,
        said: checks.filter(({ name }) => name === "backups").map(({ says, status }) => [status, says])
      })
    )
    assert.deepStrictEqual(yield* ask, { outcome: null, said: [] })
    const { file } = yield* run()
    const fine = [["ok", "no event is newer than the newest backup"]]
    assert.deepStrictEqual(yield* ask, { outcome: null, said: fine })
    yield* work(database)
    yield* at(1)
    assert.deepStrictEqual(yield* ask, { outcome: null, said: [["ok", "1 event since the newest backup"]] })
    yield* at(1, 3)
    const stale = yield* ask
    assert.strictEqual(stale.outcome, "conflict")
    assert.match(stale.said.join(), /^warning,1 event in no backup, the oldest of 2/)
    yield* run()
    assert.deepStrictEqual(yield* ask, { outcome: null, said: fine })
    // one that is used after it is the one that counts
    const other = { ...where, directory: `${root}/disk` }
    yield* Backup.initBackups(other)
    yield* at(2)
    const second = yield* Backup.run({ ...other, database })
    renameSync(directory, `${directory}.gone`)
    const gone = [...fine, ["note", `${directory} does not exist`]]
    assert.deepStrictEqual((yield* ask).said, gone)
    truncateSync(`${root}/disk/${second.file}`, 900)
    yield* Backup.verifyBackups(other)
    const damaged = yield* ask
    assert.deepStrictEqual(damaged, {
      outcome: "conflict",
      said: [["warning", "no backup of this database is whole"], ...gone.slice(1)]
    })
    assert.notStrictEqual(second.file, file)
  }).pipe(Effect.provide(kit.services)))
