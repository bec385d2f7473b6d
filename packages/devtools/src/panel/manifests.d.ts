/** Manifests of packages are read by the bundler; they are no part of this project. */
declare module '@headwater/*/package.json' {
  const manifest: { readonly version: string }
  export default manifest
}
