/** Headwater in browsers. */
export {}
