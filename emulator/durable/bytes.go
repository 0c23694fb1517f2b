package durable

import "unsafe"

// bytesOf is the text's bytes without a copy; the runtime does not write to them.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }
