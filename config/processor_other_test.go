//go:build !unix

package config

import "time"

var started = time.Now()

// processorTime is the time that passes, for want of the processor's.
func processorTime() time.Duration { return time.Since(started) }
