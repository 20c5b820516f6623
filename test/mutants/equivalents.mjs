/**
 * Mutants that no test can tell from what stands there, each with the reason why no behaviour differs: by file and by the lines before and
 * after, white space folded. Without `after`: every constant of that line.
 */
export const equivalents = [
  {
    file: "src/import/proof.ts",
    before: "yield* turn",
    after: "void 0",
    reason: "it only lets a signal be heard between two tables"
  },
  {
    file: "src/database/swap.ts",
    before: "open(target, \"read\", { busyTimeout: 1000 }),",
    reason: "milliseconds that are waited for somebody who reads"
  },
  {
    file: "src/database/swap.ts",
    before: "const db = yield* open(target, \"write\", { busyTimeout: 1000 })",
    reason: "milliseconds that are waited for somebody who reads"
  },
  {
    file: "src/database/Lock.ts",
    before: "return yield* Handle.open(path, \"read\", { busyTimeout: 0 }).pipe(",
    reason: "a millisecond that is waited for somebody who starts"
  },
  {
    file: "src/database/Lock.ts",
    before: "const patience = 250",
    reason: "milliseconds that are waited for somebody who only looks"
  },
  {
    file: "src/database/stage.ts",
    before: "const fullTextPart = 1_000",
    reason: "how many rows are indexed at once; all of them are, whatever it is"
  },
  {
    file: "src/ledger/events/eventFeed.ts",
    before: "SELECT count(*) AS n FROM (SELECT 1 FROM events",
    reason: "rows are counted, whatever is in them"
  },
  {
    file: "src/ledger/events/eventFeed.ts",
    before: "const pageSize = 64n",
    reason: "how many events are read at once; all of them are, whatever it is"
  },
  {
    file: "src/ledger/events/eventRange.ts",
    before: "const pageSize = 1000n",
    reason: "how many events are read at once; all of them are, whatever it is"
  },
  {
    file: "src/files/gzip.ts",
    before:
      "() => new Pump(Zlib.createGzip({ level: 6, chunkSize: plainSize }), plainSize, (error) => Cause.die(error)),",
    reason: "how small the file becomes; what it holds is the same"
  },
  {
    file: "src/files/gzip.ts",
    before: "const compressedSize = 16 * 1024",
    reason: "how much is read at once"
  },
  {
    file: "src/files/gzip.ts",
    before: "const plainSize = 256 * 1024",
    reason: "how much is handed on at once"
  },
  {
    file: "src/files/output.ts",
    before: "buffer.set(bytes.length > room ? bytes.subarray(0, room) : bytes, size)",
    after: "buffer.set(bytes.length >= room ? bytes.subarray(0, room) : bytes, size)",
    reason: "a part as long as the whole is the whole"
  },
  {
    file: "src/files/output.ts",
    before: "const syncSize = 64 * 1024 * 1024",
    reason: "how often it is synced meanwhile; at the end it always is"
  },
  {
    file: "src/files/output.ts",
    before: "unsynced = 0",
    reason: "a byte more or less until it is synced meanwhile; at the end it always is"
  },
  {
    file: "src/snapshot/seal.ts",
    before: "if (!bytes.includes(0x0d)) return bytes",
    after: "void 0",
    reason: "what follows gives the same bytes, copied"
  },
  {
    file: "src/snapshot/seal.ts",
    before: "for (let i = 0; i < bytes.length; i++) {",
    after: "for (let i = 0; i <= bytes.length; i++) {",
    reason: "a byte behind the end is none: nothing is written for it"
  },
  {
    file: "src/snapshot/seal.ts",
    before: "const sealBytes = 160",
    reason: "more than any seal is long: one has 113 bytes at most"
  },
  {
    file: "src/snapshot/seal.ts",
    before: "const lastLine = lines.lastIndexOf(0x0a, lines.length - 2) + 1",
    after: "const lastLine = lines.lastIndexOf(11, lines.length - 2) + 1",
    reason: "more than the last line is held back, at most a block; the digest is of the same bytes"
  },
  {
    file: "src/records/Soundness.ts",
    before: "this.places = new Int32Array(1 + Math.max(...format.kinds.map(({ fields }) => fields.length)))",
    after: "this.places = new Int32Array(2 + Math.max(...format.kinds.map(({ fields }) => fields.length)))",
    reason: "room for a place more, which is never asked for"
  },
  {
    file: "src/records/Soundness.ts",
    before: "return this.track(kind).places.get(column)?.[place] ?? -1",
    after: "return this.track(kind).places.get(column)?.[place] ?? -2",
    reason: "no row has a place below 0, whatever number stands for none"
  },
  {
    file: "src/records/Soundness.ts",
    before: "this.places[reference.group] = -1",
    after: "this.places[reference.group] = -2",
    reason: "no row has a place below 0, whatever number stands for none"
  },
  {
    file: "src/files/output.ts",
    before: "unsynced = 0",
    after: "void 0",
    reason: "how often it is synced meanwhile; at the end it always is"
  },
  {
    file: "src/ledger/events/recentEvents.ts",
    before:
      "for (const [project, id] of resets) if ((scope === undefined || scope === project) && id > reset) reset = id",
    after:
      "for (const [project, id] of resets) if ((scope === undefined || scope === project) && id >= reset) reset = id",
    reason: "the higher of two that are equal is either"
  },
  {
    file: "src/database/Lock.ts",
    before: "const lockBytes = 64 * 1024",
    reason: "far more than a lock has, which is a few pages"
  },
  {
    file: "src/database/swap.ts",
    before:
      "if (mode?.[\"journal_mode\"] !== \"wal\") return yield* refused(staged, \"SQLite could not set WAL mode\")",
    after: "void 0",
    reason: "SQLite's own way to files has shared memory: it answers wal, or fails"
  }
]

/** Whether an entry of the list is about that mutant. */
export const isAbout = (site, { after, before, file }) =>
  site.file === file && site.before === before &&
  (after === undefined ? site.rule === "constant" : site.after === after)
