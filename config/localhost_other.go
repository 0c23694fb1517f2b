//go:build !windows

package config

// localhost is what Wrangler listens on.
const localhost = "localhost"
