/** A double of Electric over a real PostgreSQL; needs the package `pg`. */
export { type ElectricFixture, type ElectricFixtureOptions, electricFixture } from './electric/ElectricFixture.ts'
