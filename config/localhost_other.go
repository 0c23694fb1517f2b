//go:build !windows

package config

// localhost is the address that Wrangler listens on.
const localhost = "localhost"
