package diagnostic

import (
	"strings"
	"testing"
)

func TestPlace(t *testing.T) {
	s := &Source{File: "f", Text: "a\r\né日👋x\n\nlast"}
	for _, c := range []struct {
		find string
		want Place
		line string
	}{
		{"a", Place{"f", 1, 1, 1}, "a"},
		{"\r", Place{"f", 1, 2, 0}, "a"},
		{"日👋", Place{"f", 2, 2, 2}, "é日👋x"},
		{"x\n", Place{"f", 2, 4, 1}, "é日👋x"}, // ends with its line
		{"last", Place{"f", 4, 1, 4}, "last"},
	} {
		at := strings.Index(s.Text, c.find)
		if got := s.Place(at, at+len(c.find)); got != c.want || s.LineText(at) != c.line {
			t.Errorf("%q is at %+v, want %+v, in %q", c.find, got, c.want, s.LineText(at))
		}
	}
	if got := s.Place(len(s.Text), len(s.Text)); got != (Place{"f", 4, 5, 0}) {
		t.Errorf("the end is at %+v", got)
	}
}

func TestPlaceInALongLine(t *testing.T) {
	s := &Source{Text: strings.Repeat("日", 10*block) + "x"}
	if got := s.Place(len(s.Text)-1, len(s.Text)); got.Column != 10*block+1 || got.Length != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestSuggest(t *testing.T) {
	among := []string{"durable_objects", "migrations", "main", "name", "new_sqlite_classes", "new_classes"}
	for name, want := range map[string]string{
		"durable_object": "durable_objects", "migration": "migrations", "mian": "main", "nmae": "name", "new_sqlite_class": "new_sqlite_classes",
		"new_clases": "new_classes", "foo": "", "x": "", "": "", "main": "", strings.Repeat("m", 500): "",
	} {
		if got := Suggest(name, among); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "👋": 2, "…│╵": 3, "\u200b": 0, "ｱ": 1, "Ａ": 2} {
		if got := Width(s); got != want {
			t.Errorf("%q takes %d columns, got %d", s, want, got)
		}
	}
}
