/** The flags that link an issue to others. */
import * as Options from "@effect/cli/Options"
import { texts } from "./Argv.ts"

const refs = (name: string, what: string) => texts(name, "ref").pipe(Options.withDescription(what))

export const addFlags = {
  parent: refs("parent", "the issue that this one is part of; one only"),
  blocks: refs("blocks", "issues that wait for this one; commas or again for more"),
  blockedBy: refs("blocked-by", "issues that this one waits for"),
  related: refs("related", "issues that have to do with this one")
}

export const removeFlags = {
  removeParent: refs("remove-parent", "this is no longer the parent; refused when it was not"),
  removeBlocks: refs("remove-blocks", "these no longer wait for this one"),
  removeBlockedBy: refs("remove-blocked-by", "this one no longer waits for these"),
  removeRelated: refs("remove-related", "these have nothing to do with this one any more")
}
