/** A page that does nothing but open the store at `?<place>`: `headwaterStarted` on its global object. */
import { webAdapter } from '@headwater/adapter-web'
import { startCold } from '../ColdStart.ts'

Object.assign(globalThis, { headwaterStarted: startCold(webAdapter({ directory: location.search.slice(1) })) })
