package wire

// Waiting is how many bytes of memory hold what waits to be sent.
func (b *Budget) Waiting() int64 { return b.used.Load() }
