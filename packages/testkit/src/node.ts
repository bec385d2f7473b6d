/** What only Node has: proxies over sockets. */
export {}
