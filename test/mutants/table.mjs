/**
 * The files that are mutated, each with the tests that cover it: first those that are asked of every mutant, the quickest first; then
 * those that only what survived them is shown to.
 */
const progress = "test/import/progress.test.ts"
const restores = [progress, "test/import/options.test.ts", "test/import/target.test.ts", "test/import/salvage.test.ts"]
const events = ["test/ledger/events/eventFeed.test.ts", "test/server/events.test.ts"]
const swaps = [
  "test/contract/database.test.ts",
  "test/import/target.test.ts",
  "test/concurrency/atOnce.test.ts",
  "test/contract/faults.test.ts"
]

export const table = {
  // proof
  "src/import/proof.ts": { quick: ["test/import/proof.test.ts"], all: restores },
  "src/snapshot/digest.ts": { quick: ["test/snapshot/digest.test.ts"], all: ["test/import/proof.test.ts"] },
  "src/snapshot/read.ts": {
    quick: ["test/snapshot/verify.test.ts", "test/snapshot/sealed.test.ts"],
    all: ["test/import/mended.test.ts", ...restores]
  },
  "src/snapshot/verify.ts": {
    quick: ["test/snapshot/verify.test.ts"],
    all: ["test/snapshot/sealed.test.ts", ...restores]
  },
  "src/merge/matching.ts": { quick: ["test/merge/against.test.ts"], all: ["test/merge/altered.test.ts"] },
  "src/merge/differences.ts": { quick: ["test/merge/against.test.ts"], all: ["test/merge/altered.test.ts"] },
  "src/presence/proof.ts": { quick: ["test/presence/proof.test.ts"], all: ["test/presence/daemons.test.ts"] },
  // swap
  "src/database/swap.ts": { quick: ["test/database/swap.test.ts"], all: swaps },
  "src/database/previous.ts": { quick: ["test/database/previous.test.ts", "test/database/swap.test.ts"], all: swaps },
  // sync
  "src/database/stage.ts": { quick: ["test/database/swap.test.ts"], all: [...swaps, ...restores] },
  "src/files/Atomic.ts": { quick: ["test/files/Atomic.test.ts"], all: ["test/contract/faults.test.ts"] },
  "src/files/output.ts": { quick: ["test/files/Atomic.test.ts"], all: ["test/contract/faults.test.ts"] },
  "src/files/paths.ts": {
    quick: ["test/files/paths.test.ts", "test/files/Atomic.test.ts"],
    all: ["test/import/target.test.ts", "test/contract/faults.test.ts"]
  },
  "src/store/client.ts": { quick: ["test/store/sqlite.test.ts"], all: ["test/contract/store.test.ts"] },
  "src/store/failStop.ts": { quick: ["test/store/failStop.test.ts"], all: ["test/store/sqlite.test.ts"] },
  // lock
  "src/database/Lock.ts": { quick: ["test/database/lock.test.ts"], all: ["test/concurrency/atOnce.test.ts"] },
  "src/database/lockFile.ts": { quick: ["test/database/lock.test.ts"], all: ["test/concurrency/atOnce.test.ts"] },
  // soundness
  "src/records/Soundness.ts": {
    quick: ["test/records/soundness.test.ts"],
    all: ["test/findings/findings.test.ts", "test/export/badRows.test.ts", "test/property/properties.test.ts"]
  },
  // seal
  "src/snapshot/seal.ts": {
    quick: ["test/snapshot/sealOf.test.ts", "test/snapshot/sealed.test.ts"],
    all: ["test/snapshot/verify.test.ts", "test/export/golden.test.ts", "test/export/scope.test.ts"]
  },
  // gzip
  "src/files/gzip.ts": { quick: ["test/files/gzip.test.ts"], all: ["test/snapshot/sealed.test.ts"] },
  // idempotency
  "src/ledger/issues/idempotency.ts": {
    quick: ["test/ledger/issues/idempotency.test.ts", "test/server/issues.test.ts"],
    all: []
  },
  // cursors
  "src/ledger/events/eventFeed.ts": { quick: events, all: ["test/server/changes.test.ts"] },
  "src/ledger/events/recentEvents.ts": { quick: events, all: ["test/server/changes.test.ts"] },
  "src/ledger/events/eventRange.ts": { quick: ["test/server/reports.test.ts"], all: ["test/server/events.test.ts"] },
  "src/server/eventStream.ts": { quick: ["test/server/events.test.ts"], all: ["test/server/changes.test.ts"] },
  "src/server/handlers/events.ts": { quick: ["test/server/events.test.ts"], all: ["test/server/changes.test.ts"] },
  "src/client/stream.ts": { quick: ["test/client/connection.test.ts"], all: [] }
}
