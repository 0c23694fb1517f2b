package config

// localhost is the address that Wrangler listens on. On Windows it is IPv4 only.
const localhost = "127.0.0.1"
