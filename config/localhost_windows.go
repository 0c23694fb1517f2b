package config

// localhost is what Wrangler listens on. On Windows it takes IPv4 alone.
const localhost = "127.0.0.1"
