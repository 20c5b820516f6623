/**
 * The names of backups: when each was made, how far it reaches, and whose it is, as in `kata-20261129T091700Z-e57862-3ZYF709Z.jsonl.gz`.
 * A name is a label, so that `ls` sorts them; what is true stands in the file.
 */

export interface BackupName {
  /** Milliseconds since 1970, whole seconds. */
  readonly time: number
  /** Which one of that second, from 1. */
  readonly ordinal: number
  /** The highest number that an event had had. */
  readonly position: number
  /** The end of the uid of its instance. */
  readonly tag: string
}

const suffix = ".jsonl.gz"

/** `20261123T101500Z`: the form of all times in names. */
const stampOf = (time: number) => new Date(time).toISOString().replace(/[-:]/g, "").replace(/\.\d+/, "")

/** An instant in whole seconds, as in `2026-11-29T09:17:00Z`. */
export const isoOf = (time: number): string => new Date(time).toISOString().replace(/\.\d+/, "")

/** The last eight letters and digits of an instance, whatever else stands in it. */
export const tagOf = (instance: string): string => instance.replace(/[^0-9A-Za-z]/g, "").slice(-8) || "unknown"

export const write = ({ ordinal, position, tag, time }: BackupName): string =>
  `kata-${stampOf(time)}${ordinal === 1 ? "" : `-${ordinal}`}-e${position}-${tag}${suffix}`

const form = /^kata-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-(\d{1,4}))?-e(\d{1,15})-([0-9A-Za-z]{1,8})\.jsonl\.gz$/

/** What a name says; undefined when it is not exactly one that `write` makes. */
export const read = (name: string): BackupName | undefined => {
  const [, year, month, date, hours, minutes, seconds, ordinal = "1", position, tag = ""] = form.exec(name) ?? []
  if (year === undefined) return undefined
  const time = Date.parse(`${year}-${month}-${date}T${hours}:${minutes}:${seconds}Z`)
  const found = { time, ordinal: Number(ordinal), position: Number(position), tag }
  // February 30 would be in March, and 007 is 7.
  return Number.isNaN(time) || write(found) !== name ? undefined : found
}

/** What a backup is called that is not managed any more: nothing removes it. */
export const left = (name: string): string => `left-${name}`

/** What temporary files of a run are named after. */
export const stem = "run"

/** A temporary file, of whatever process. */
export const isTemporary = (name: string): boolean => /^\.run\.kata-\d{1,10}-[0-9a-f]+$/.test(name)
