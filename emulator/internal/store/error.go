package store

import "github.com/seed-36a2c969/emu/emulator/internal/sqlite"

// Error is a statement's failure as user code gets to see it.
type Error = sqlite.Error

var (
	// ErrClosed is what the methods of a closed database return.
	ErrClosed = sqlite.ErrClosed
	// ErrNoFiles ends an Open for which the process, or the machine, has no file left.
	ErrNoFiles = sqlite.ErrNoFiles
)

// InternalError is a failure that user code hears no details of.
type InternalError struct{ Cause *Error }

func (e *InternalError) Error() string { return e.Cause.Message }

func internal(err error) error {
	if e, ok := err.(*Error); ok {
		return &InternalError{e}
	}
	return err
}

// refusal is an error of workerd's own, without a code in its text.
func refusal(text string) *Error {
	return &Error{Message: text, Code: sqlite.CodeError}
}
