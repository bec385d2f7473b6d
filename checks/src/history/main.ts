process.stderr.write('check:history is not written yet\n')
process.exit(1)
export {}
