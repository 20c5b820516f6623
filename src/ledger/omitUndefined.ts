/** Members that may be undefined, as members that may be left out. */
type Present<A> =
  & { readonly [Key in keyof A as undefined extends A[Key] ? never : Key]: A[Key] }
  & { readonly [Key in keyof A as undefined extends A[Key] ? Key : never]?: Exclude<A[Key], undefined> }

/** An object without the members that are undefined. */
export const present = <A extends object>(members: A): Present<A> =>
  Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined)) as Present<A>
