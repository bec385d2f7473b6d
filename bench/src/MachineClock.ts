/** The machine's monotonic clock, which all threads and processes share. **Units** ms. */
export const machineNow = (): number => Number(process.hrtime.bigint()) / 1e6
