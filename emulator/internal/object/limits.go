package object

import "time"

// Cloudflare's limits, as far as workerd enforces them locally.
// https://developers.cloudflare.com/durable-objects/platform/limits/
const (
	idleTime = 10 * time.Second // without an event, before an object leaves memory
	// workerd forgets an object after this time out of memory: every 70 seconds it drops
	// those that nobody has used for as long.
	forgetTime      = 130 * time.Second
	blockTimeout    = 30 * time.Second // of blockConcurrencyWhile
	maxBlockDepth   = 64
	maxRPC          = 32 << 20 // bytes serialized
	maxEventTimeout = 7 * 24 * time.Hour
)
