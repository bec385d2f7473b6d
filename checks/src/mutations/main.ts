process.stderr.write('check:mutations is not written yet\n')
process.exit(1)
export {}
