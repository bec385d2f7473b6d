import { openFirefox } from './FirefoxBrowser.ts'
import type { RemoteBrowser } from './RemoteBrowser.ts'
import { openWebDriver } from './WebDriverBrowser.ts'

/**
 * The browser that `HEADWATER_FIREFOX` (an executable) or `HEADWATER_WEBDRIVER` (the address of a WebDriver server, with
 * its capabilities as JSON in `HEADWATER_WEBDRIVER_CAPABILITIES`) names, or `null`.
 */
export const openOtherBrowser = async (): Promise<RemoteBrowser | null> => {
  const {
    HEADWATER_FIREFOX: firefox = '',
    HEADWATER_WEBDRIVER: address = '',
    HEADWATER_WEBDRIVER_CAPABILITIES: capabilities = '{}',
  } = process.env
  if (firefox !== '') return await openFirefox(firefox)
  return address === '' ? null : await openWebDriver(address, JSON.parse(capabilities) as object)
}
