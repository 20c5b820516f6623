/** All of them; `npm run fuzz` goes round and round. */
import { accounted } from "./account.ts"
import * as databases from "./databases.ts"
import * as ledger from "./ledger.ts"
import * as mutation from "./mutation.ts"
import * as newer from "./newer.ts"
import type { Property } from "./Property.ts"
import * as repair from "./repair.ts"
import * as roundTrip from "./roundTrip.ts"
import * as salvage from "./salvage.ts"
import * as soundness from "./soundness.ts"
import * as subset from "./subset.ts"
import * as versions from "./versions.ts"

export const properties: ReadonlyArray<Property> = [
  roundTrip,
  subset,
  repair,
  mutation,
  databases,
  soundness,
  salvage,
  { accounted },
  ledger,
  versions,
  newer
]
  .flatMap((
    module
  ) => Object.values<Property>(module))
