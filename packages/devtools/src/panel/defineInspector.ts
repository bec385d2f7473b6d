import { EventsPart } from './EventsPart.ts'
import { InspectorDock } from './InspectorDock.ts'
import { InspectorElement } from './InspectorElement.ts'
import { LoggedArgs, ProblemsPart } from './ProblemsPart.ts'
import { QueriesPart } from './QueriesPart.ts'
import { ReportPart } from './ReportPart.ts'
import { StoreFactsPart } from './StoreFactsPart.ts'
import { TablesPart } from './TablesPart.ts'
import { TimelinePart } from './TimelinePart.ts'

const elements: Readonly<Record<string, CustomElementConstructor>> = {
  'headwater-inspector': InspectorElement,
  'headwater-inspector-dock': InspectorDock,
  'headwater-events': EventsPart,
  'headwater-problems': ProblemsPart,
  'headwater-logged-args': LoggedArgs,
  'headwater-timeline': TimelinePart,
  'headwater-tables': TablesPart,
  'headwater-queries': QueriesPart,
  'headwater-store-facts': StoreFactsPart,
  'headwater-report': ReportPart,
}

/**
 * Makes `<headwater-inspector>` known to the page; once is enough, again does nothing. Importing this package alone does
 * nothing: a bundler leaves out what nobody calls.
 */
export const defineInspector = (): void => {
  for (const [name, element] of Object.entries(elements))
    if (customElements.get(name) === undefined) customElements.define(name, element)
}
