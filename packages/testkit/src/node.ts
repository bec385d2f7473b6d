/** What only Node has: proxies over sockets. */
export { type FaultPlan, type FaultRates, type RequestFault, requestFaults } from './FaultPlan.ts'
export { type FaultProxy, type FaultProxyOptions, type PartitionKind, faultProxy } from './FaultProxy.ts'
export { seededRandom } from './SeededRandom.ts'
