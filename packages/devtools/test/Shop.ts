/** The app of these tests: a shopping list, and everything that can go wrong with one. */
import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export const items = table('items', {
  id: column.text().primaryKey(),
  name: column.text(),
  amount: column.integer().default(1),
  bought: column.boolean().default(false),
})
export const drafts = table('drafts', { id: column.text().primaryKey(), text: column.text() }, { clientOnly: true })

export const itemAdded = defineEvent(
  'itemAdded',
  Schema.Struct({ id: Schema.String, name: Schema.String, amount: Schema.Int }),
)
export const itemBought = defineEvent('itemBought', Schema.Struct({ id: Schema.String }))
export const draftSaved = defineEvent('draftSaved', Schema.Struct({ id: Schema.String, text: Schema.String }), {
  clientOnly: true,
})

export const schema = defineSchema({
  version: 1,
  tables: { items, drafts },
  events: { itemAdded, itemBought, draftSaved },
  materializers: {
    itemAdded: ({ id, name, amount }) => items.insert({ id, name, amount }),
    itemBought: ({ id }) => items.update({ bought: true }).where({ id }),
    draftSaved: ({ id, text }) => drafts.upsert({ id, text }),
  },
})
