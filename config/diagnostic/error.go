package diagnostic

import "errors"

// Error is an error with a hint: what to type instead.
type Error struct {
	text, hint string
	err        error // what it wraps, if anything
}

// NewError makes an error of its text and its hint.
func NewError(text, hint string) *Error { return &Error{text: text, hint: hint} }

// WithHint adds a hint to an error.
func WithHint(err error, hint string) *Error { return &Error{err.Error(), hint, err} }

func (e *Error) Error() string { return e.text }

func (e *Error) Unwrap() error { return e.err }

// Hint returns what to type instead.
func (e *Error) Hint() string { return e.hint }

// HintOf returns the hint that an error carries, "" if it carries none.
func HintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}
