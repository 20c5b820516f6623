/** What can be done with issues, for who uses kata as a library: each is one transaction of a `Store`. */
export { close, reopen } from "./close.ts"
export { create } from "./create.ts"
export { edit } from "./edit.ts"
export { list, listAll, ready } from "./lists.ts"
export { move } from "./move.ts"
export { purge, remove, restore } from "./removal.ts"
export { search } from "./search.ts"
export { byUid, show } from "./show.ts"
