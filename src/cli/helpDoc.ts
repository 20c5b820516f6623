/** What can be read out of a `HelpDoc` of @effect/cli besides its own rendering, which has colours. */
import type * as HelpDoc from "@effect/cli/HelpDoc"
import type * as Span from "@effect/cli/HelpDoc/Span"

const spanText = (span: Span.Span): string => {
  switch (span._tag) {
    case "Text":
    case "URI":
      return span.value
    case "Sequence":
      return spanText(span.left) + spanText(span.right)
    default:
      return spanText(span.value)
  }
}

const paragraphs = (doc: HelpDoc.HelpDoc): ReadonlyArray<string> => {
  switch (doc._tag) {
    case "Empty":
      return []
    case "Header":
    case "Paragraph":
      return [spanText(doc.value).trim()].filter((text) => text !== "")
    case "Sequence":
      return [...paragraphs(doc.left), ...paragraphs(doc.right)]
    case "Enumeration":
      return doc.elements.flatMap(paragraphs)
    case "DescriptionList":
      return doc.definitions.flatMap(([term, description]) => [spanText(term), ...paragraphs(description)])
  }
}

/** A message of @effect/cli as one line. */
export const plain = (doc: HelpDoc.HelpDoc): string => paragraphs(doc).join(" ")

/** The paragraphs on each flag and argument, by its first name. */
export const definitions = (doc: HelpDoc.HelpDoc): ReadonlyMap<string, ReadonlyArray<string>> => {
  switch (doc._tag) {
    case "Sequence":
      return new Map([...definitions(doc.left), ...definitions(doc.right)])
    case "DescriptionList":
      return new Map(
        doc.definitions.map(([term, description]) => [
          /--?[A-Za-z][\w-]*|<[^>]*>/.exec(spanText(term))?.[0] ?? "",
          paragraphs(description)
        ])
      )
    default:
      return new Map()
  }
}
