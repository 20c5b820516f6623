import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

/** A directory that disappears with the test. */
export const temporaryDirectory = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "kata-test-files-" }), fs.realPath)
)
