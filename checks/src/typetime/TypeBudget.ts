/** What the types of an app may cost its author, and how that is held against what was measured. */
import { type AppSize, headwaterProgram, plainProgram } from './AppProgram.ts'
import { measureTypes, type TypeCost } from './TypeTime.ts'

/** The app that issue 7 names: large, as apps go. */
export const appSize: AppSize = { tables: 50, events: 200 }

export const typeBudget = {
  /** 81,020 were measured with TypeScript 7.0.2; a tenth more is an afternoon's carelessness. */
  instantiationsMax: 90_000,
  /** Twice the app, twice the work: 1.9 was measured. What grows with the square would be 4. */
  growthMax: 2.2,
  /** Check time over that of the same 200 events as plain schemas of Effect, on the same machine; 1.8 was measured. */
  ratioMax: 3,
  /** **Units**  seconds of type checking; 0.22 were measured on a quiet machine of two cores, 0.44 on a busy one. */
  checkSecondsMax: 1.5,
} as const

export interface TypeMeasurement {
  readonly app: TypeCost
  /** An app of half the size. */
  readonly half: TypeCost
  readonly plain: TypeCost
}

export const measureApp = async (runs: number): Promise<TypeMeasurement> => ({
  app: await measureTypes('app', headwaterProgram(appSize), runs),
  half: await measureTypes('half', headwaterProgram({ tables: appSize.tables / 2, events: appSize.events / 2 }), runs),
  plain: await measureTypes('plain', plainProgram(appSize), runs),
})

/** **Shape**  one line for each that the number of instantiations breaks; the same on every machine. */
export const countProblems = ({ app, half }: Pick<TypeMeasurement, 'app' | 'half'>): ReadonlyArray<string> => {
  const { instantiationsMax, growthMax } = typeBudget
  const growth = app.instantiations / half.instantiations
  return [
    ...(app.instantiations > instantiationsMax
      ? [`${app.instantiations} instantiations, at most ${instantiationsMax}`]
      : []),
    ...(growth > growthMax ? [`twice the app is ${growth.toFixed(2)} times the work, at most ${growthMax}`] : []),
  ]
}

/** **Shape**  one line for each budget that the time breaks. */
export const timeProblems = ({ app, plain }: Pick<TypeMeasurement, 'app' | 'plain'>): ReadonlyArray<string> => {
  const { ratioMax, checkSecondsMax } = typeBudget
  const ratio = app.checkSeconds / plain.checkSeconds
  return [
    ...(app.checkSeconds > checkSecondsMax ? [`${app.checkSeconds} s of checking, at most ${checkSecondsMax}`] : []),
    ...(ratio > ratioMax ? [`${ratio.toFixed(1)} times the plain schemas, at most ${ratioMax}`] : []),
  ]
}
