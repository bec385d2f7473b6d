/** The playground's app: a shopping list for two. Three events, two tables, one rule that only one of the two can win. */
import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export const items = table('items', {
  id: column.text().primaryKey(),
  text: column.text(),
  addedAt: column.integer(),
})
/** Who buys an item: one person, because the item is the primary key. */
export const buyers = table('buyers', { itemId: column.text().primaryKey(), name: column.text() })

export const itemAdded = defineEvent(
  'itemAdded',
  Schema.Struct({ id: Schema.String, text: Schema.String, addedAt: Schema.Int }),
)
export const itemRenamed = defineEvent('itemRenamed', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const itemTaken = defineEvent('itemTaken', Schema.Struct({ id: Schema.String, name: Schema.String }))

export const groceries = defineSchema({
  version: 1,
  tables: { items, buyers },
  events: { itemAdded, itemRenamed, itemTaken },
  materializers: {
    itemAdded: (item) => items.insert(item),
    itemRenamed: ({ id, text }) => items.update({ text }).where({ id }),
    // Fails for the second one who takes it, wherever the events end up.
    itemTaken: ({ id, name }) => buyers.insert({ itemId: id, name }),
  },
})

/** What the playground's server does not take. */
export const refusedWord = 'pizza'

interface EventText {
  readonly name: string
  readonly argsJson: string
}

/** An event in a few words. **Shape** `+ milk`, `→ oat milk`, `Ann buys it`. */
export const labelOf = ({ name, argsJson }: EventText): string => {
  const args = JSON.parse(argsJson) as { readonly text?: string; readonly name?: string }
  if (name === 'itemAdded') return `+ ${args.text}`
  return name === 'itemRenamed' ? `→ ${args.text}` : `${args.name} buys it`
}
