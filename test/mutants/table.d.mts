export const table: {
  readonly [file: string]: { readonly quick: ReadonlyArray<string>; readonly all: ReadonlyArray<string> }
}
