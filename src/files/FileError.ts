/** What can go wrong with a file, in the words of the person who named it. */
import * as PlatformError from "@effect/platform/Error"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

/** What was being done to the file, by the names of the system calls. */
export const FileOperation = Schema.Literal(
  "open",
  "read",
  "write",
  "sync",
  "close",
  "rename",
  "link",
  "remove",
  "chmod",
  "stat",
  "resolve",
  "list",
  "create"
)

export type FileOperation = typeof FileOperation.Type

const verbs: Record<FileOperation, string> = {
  open: "open",
  read: "read",
  write: "write",
  sync: "confirm on disk",
  close: "finish writing",
  rename: "put in place",
  link: "link",
  remove: "remove",
  chmod: "set the permissions of",
  stat: "look at",
  resolve: "use",
  list: "list",
  create: "create"
}

const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EBUSY: "it is in use or a mount point",
  EDQUOT: "the disk quota is used up",
  EEXIST: "it exists already",
  EFBIG: "the file is too large for this filesystem",
  EINVAL: "the path or operation is not valid here",
  EIO: "the device reports an error",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links go round in a circle",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many open files",
  ENODEV: "no such device",
  ENOENT: "no such file",
  ENOSPC: "no space left on device",
  ENOTDIR: "part of the path is no directory",
  ENXIO: "no such device, or nobody at the other end",
  EPERM: "operation not permitted",
  EPIPE: "the reader went away",
  EROFS: "read-only file system",
  ESTALE: "the network filesystem lost the file",
  ETIMEDOUT: "the filesystem did not answer",
  ETXTBSY: "it is a running program"
}

/** What an errno means, where there are words for it. */
export const reasonOf = (code: string): string | undefined => reasons[code]

const hints: Record<string, string> = {
  EACCES: "check the permissions of the file and of its directory, or choose another place",
  EBUSY: "if it is mounted by itself, write beside it or mount its directory",
  EDQUOT: "free some space, or choose another place",
  EFBIG: "raise the limit on the size of a file (ulimit -f), or choose another place",
  EISDIR: "name a file",
  EIO: "check the disk and the system log before you trust what is on it",
  ELOOP: "point the links at a file, or name the file itself",
  EMFILE: "raise the limit on open files (ulimit -n)",
  ENAMETOOLONG: "choose a shorter name",
  ENOENT: "check how the path is spelled, and where it begins",
  ENOSPC: "free some space, or choose another place",
  ENOTDIR: "check how the path is spelled: what is before a / must be a directory",
  EPERM: "check the owner and the attributes of the file, or choose another place",
  EROFS: "choose a place that can be written"
}

/** A file could not be used. `path` is the one the user knows, never that of a temporary file. */
export class FileError extends Schema.TaggedError<FileError>()("FileError", {
  path: Schema.String,
  operation: FileOperation,
  /** As errno spells it, such as ENOSPC; empty when nothing is known. */
  code: Schema.String,
  /** What the system said, for a code that has no words here. */
  detail: Schema.String,
  /** The directory on the way to `path` that does not exist. */
  missing: Schema.optional(Schema.String),
  /** What to do, when there is something better than what the code alone suggests. */
  next: Schema.optional(Schema.String)
}) {
  get kind(): FailureKind {
    return this.code === "ENOENT" ? "not_found" : "io"
  }

  override get message(): string {
    const { code, detail, missing, operation, path } = this
    if (code === "ENOENT" && missing === undefined) return `no such file: ${path}`
    const reason = missing === undefined
      ? reasons[code] ?? (detail || "unknown error")
      : `no such directory: ${missing}`
    return `cannot ${verbs[operation]} ${path}: ${reason}${code === "" ? "" : ` (${code})`}`
  }

  get hint(): string | undefined {
    return this.next ??
      (this.missing === undefined ? hints[this.code] : `create the directory ${this.missing} first`)
  }
}

/** The path names something that is no file, where a file is needed. */
export class NotAFile extends Schema.TaggedError<NotAFile>()("NotAFile", {
  path: Schema.String,
  /** Such as "a directory". */
  found: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind

  override get message(): string {
    return `${this.path} is ${this.found}, not a file`
  }

  get hint(): string {
    return "name a file"
  }
}

/** The new file is in place, whole and readable, but a power cut might still bring the old one back. */
export class DurabilityNotConfirmed extends Schema.TaggedError<DurabilityNotConfirmed>()("DurabilityNotConfirmed", {
  path: Schema.String,
  code: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind

  override get message(): string {
    const code = this.code === "" ? "" : ` (${this.code})`
    return `${this.path} is written, but the system did not confirm that its directory is on disk${code}`
  }

  get hint(): string {
    return "run `sync`, check the disk, and write it again"
  }
}

const codes: Partial<Record<PlatformError.SystemErrorReason, string>> = {
  AlreadyExists: "EEXIST",
  Busy: "EBUSY",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
  TimedOut: "ETIMEDOUT"
}

/** The errno of any error that has one. */
export const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : ""

/** What Node threw, as an error of the file. */
export const fromErrno = (operation: FileOperation, path: string) => (cause: unknown): FileError =>
  new FileError({
    path,
    operation,
    code: codeOf(cause),
    detail: cause instanceof Error ? cause.message : String(cause)
  })

/** The platform's error as one of the file: errno is in its cause, and a filesystem that is none of Node's has a reason. */
export const fromPlatform =
  (operation: FileOperation, path: string) => (error: PlatformError.PlatformError): FileError =>
    new FileError({
      path,
      operation,
      code: codeOf(error.cause) || (error._tag === "SystemError" ? codes[error.reason] ?? "" : ""),
      detail: error.description ?? error.message
    })
