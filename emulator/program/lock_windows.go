package program

import (
	"context"
	"io"
)

// lockFile locks nothing: on Windows the go command moves an executable away that still runs.
func lockFile(context.Context, string) (io.Closer, error) { return io.NopCloser(nil), nil }
