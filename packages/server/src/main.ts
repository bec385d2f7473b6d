#!/usr/bin/env node
console.error('headwater-server: not built yet')
process.exitCode = 1
