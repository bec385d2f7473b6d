process.stderr.write('check:anomalies is not written yet\n')
process.exit(1)
export {}
