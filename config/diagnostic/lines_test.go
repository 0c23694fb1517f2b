package diagnostic

import (
	"errors"
	"testing"
)

func TestWithLines(t *testing.T) {
	read := func(file string) ([]byte, error) {
		if file != "f" {
			return nil, errors.New("there is no such file")
		}
		return []byte("\uFEFFone\r\ntwo\n\xFFthree"), nil
	}
	given := Diagnostic{
		Place: Place{File: "f", Line: 1},
		Notes: []Note{
			{Place: Place{File: "f", Line: 2}}, {Place: Place{File: "f", Line: 3}}, {Place: Place{File: "f", Line: 4}},
			{Place: Place{File: "g", Line: 1}}, {Place: Place{File: "f"}}, {Place: Place{File: "f", Line: 1}, LineText: "has one"},
		},
	}
	d := given.WithLines(read)
	if d.LineText != "one" {
		t.Errorf("line %q", d.LineText)
	}
	for i, want := range []string{"two", "\uFFFDthree", "", "", "", "has one"} {
		if got := d.Notes[i].LineText; got != want {
			t.Errorf("note %d: line %q, want %q", i, got, want)
		}
	}
	if given.Notes[0].LineText != "" {
		t.Error("the diagnostic that was given has changed")
	}
}
