import core from '@headwater/core/package.json' with { type: 'json' }
import devtools from '@headwater/devtools/package.json' with { type: 'json' }

/** Of the packages in this page, as they were bundled. */
export const packageVersions: Readonly<Record<string, string>> = {
  '@headwater/core': core.version,
  '@headwater/devtools': devtools.version,
}
