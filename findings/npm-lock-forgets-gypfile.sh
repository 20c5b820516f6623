#!/bin/sh
# A package with a binding.gyp and no install script is compiled by npm at install, unless its package.json says `"gypfile": false`, as that of
# better-sqlite3 13 does, which brings its binaries. One would think that npm then leaves it alone. It does in no install from a lock file
# (nor from a registry's short metadata): neither keeps that word, and npm asks node-gyp all the same. On a machine without Python, or
# without a way to the headers of Node, such an install fails. The word put into the lock by hand is heard, by npm 10 and 11; npm install takes it out.
# Exits 0 while that is so, 1 when it has changed, 2 when it could not be tried. Needs npm.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM
cd "$folder"
echo '{ "private": true, "dependencies": { "better-sqlite3": "13.2.0" } }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts || exit 2
said=$(node -p 'String(require("./node_modules/better-sqlite3/package.json").gypfile)')
echo "better-sqlite3 13.2.0 says gypfile: $said"
[ "$said" = false ] || exit 1

try() { # $1: npm, $2: what the lock says
  rm -rf node_modules
  node -e '
    const fs = require("node:fs"), lock = JSON.parse(fs.readFileSync("package-lock.json", "utf8"))
    const entry = lock.packages["node_modules/better-sqlite3"]
    delete entry.gypfile
    if (process.argv[1] === "false") entry.gypfile = false
    fs.writeFileSync("package-lock.json", JSON.stringify(lock, null, 2))' "$2"
  # whether node-gyp then comes to its end, with the Python and the headers of this machine, is not asked
  node "$1" ci --no-audit --no-fund --loglevel info > log 2>&1 || true
  asked=no
  ! grep -q "run better-sqlite3@13.2.0 install .*node-gyp rebuild" log || asked=yes
  echo "npm $(node "$1" --version), gypfile in the lock: $2; was node-gyp asked? $asked"
}

for version in 10.9.9 11.19.1; do
  mkdir -p "npm-$version"
  (cd "npm-$version" && echo '{ "private": true }' > package.json && npm install --silent --no-audit --no-fund "npm@$version") || exit 2
  npm="$folder/npm-$version/node_modules/npm/bin/npm-cli.js"
  try "$npm" none
  [ "$asked" = yes ] || exit 1
  try "$npm" false
  [ "$asked" = no ] || exit 1
done
echo "npm asks node-gyp for a package that says it has nothing to compile"
