package diagnostic

import "errors"

// Error is an error with a hint: what to type instead.
type Error struct{ text, hint string }

// NewError makes an error of its text and its hint.
func NewError(text, hint string) *Error { return &Error{text, hint} }

func (e *Error) Error() string { return e.text }

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
