/** The app of the demo's third part: the history of git repositories, and what it adds up to. */
import { column, defineEvent, defineSchema, Schema, sql, table } from '@headwater/core'

const commits = table('commits', {
  sha: column.text().primaryKey(),
  author: column.text(),
  time: column.integer(),
  /** Events of it that are here: a commit with very many files takes several. */
  parts: column.integer(),
  files: column.integer(),
  insertions: column.integer(),
  deletions: column.integer(),
})

const files = table('files', {
  path: column.text().primaryKey(),
  changes: column.integer(),
  insertions: column.integer(),
  deletions: column.integer(),
  /** The last one in the log's order: it comes out alike only if everybody agrees on that order. */
  lastCommit: column.text(),
})

const authors = table('authors', {
  name: column.text().primaryKey(),
  commits: column.integer(),
  insertions: column.integer(),
  deletions: column.integer(),
  lastCommit: column.text(),
})

const lines = Schema.NullOr(Schema.Int)

/** A commit, or the next part of one. Lines are `null` for a binary file. */
export const committed = defineEvent(
  'committed',
  Schema.Struct({
    sha: Schema.String,
    author: Schema.String,
    time: Schema.Int,
    part: Schema.Int,
    files: Schema.Array(Schema.Tuple([Schema.String, lines, lines])),
  }),
)

/** Added up, never overwritten: an event that came twice would show in every total. */
export const historySchema = defineSchema({
  version: 1,
  tables: { commits, files, authors },
  events: { committed },
  materializers: {
    committed: ({ sha, author, time, part, files: changed }) => {
      let insertions = 0
      let deletions = 0
      for (const [, added, deleted] of changed) {
        insertions += added ?? 0
        deletions += deleted ?? 0
      }
      return [
        sql`INSERT INTO ${commits} (sha, author, time, parts, files, insertions, deletions)
          VALUES (${sha}, ${author}, ${time}, 1, ${changed.length}, ${insertions}, ${deletions})
          ON CONFLICT (sha) DO UPDATE SET parts = parts + 1, files = files + excluded.files,
            insertions = insertions + excluded.insertions, deletions = deletions + excluded.deletions`,
        sql`INSERT INTO ${authors} (name, commits, insertions, deletions, lastCommit)
          VALUES (${author}, ${part === 0 ? 1 : 0}, ${insertions}, ${deletions}, ${sha})
          ON CONFLICT (name) DO UPDATE SET commits = commits + excluded.commits, lastCommit = excluded.lastCommit,
            insertions = insertions + excluded.insertions, deletions = deletions + excluded.deletions`,
        ...changed.map(
          ([path, added, deleted]) =>
            sql`INSERT INTO ${files} (path, changes, insertions, deletions, lastCommit)
            VALUES (${path}, 1, ${added ?? 0}, ${deleted ?? 0}, ${sha})
            ON CONFLICT (path) DO UPDATE SET changes = changes + 1, lastCommit = excluded.lastCommit,
              insertions = insertions + excluded.insertions, deletions = deletions + excluded.deletions`,
        ),
      ]
    },
  },
})

export const historyTables = { commits, files, authors }
