package message

import "io"

// Close closes a body that can be closed.
func Close(r io.Reader) error {
	if c, ok := r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Unbound returns the body below one that an event reads, for another reader.
func Unbound(r io.Reader) io.Reader {
	if b, ok := r.(interface{ Unbound() io.Reader }); ok {
		return b.Unbound()
	}
	return r
}

// InMemory reports whether a body is in memory, and how many bytes are left of it.
func InMemory(r io.Reader) (n int, ok bool) {
	switch b := r.(type) {
	case interface{ Len() int }:
		return b.Len(), true
	case interface{ InMemory() (int, bool) }: // a body around another one
		return b.InMemory()
	}
	return 0, false
}
