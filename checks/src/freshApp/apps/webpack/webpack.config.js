// Nothing here is for Headwater: webpack finds its workers and its WebAssembly by themselves.
export default { mode: 'production', output: { filename: 'main.js', publicPath: 'auto' } }
