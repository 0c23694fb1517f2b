package store

import "github.com/seed-36a2c969/emu/emulator/internal/sqlite"

// Error is a statement's failure as user code sees it.
type Error = sqlite.Error

var (
	// ErrClosed is what the methods of a closed database return.
	ErrClosed = sqlite.ErrClosed
	// ErrNoFiles is the error of Open when the process or the machine can open no more files.
	ErrNoFiles = sqlite.ErrNoFiles
)

// InternalError is a failure whose details user code does not see.
type InternalError struct{ Cause *Error }

func (e *InternalError) Error() string { return e.Cause.Message }

func internal(err error) error {
	if e, ok := err.(*Error); ok {
		return &InternalError{e}
	}
	return err
}

// refusal is an error of workerd itself, whose text has no result code.
func refusal(text string) *Error {
	return &Error{Message: text, Code: sqlite.CodeError}
}
