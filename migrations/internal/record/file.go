package record

// Reading the ledger. Every change writes the whole file anew, and would lose a field that emu
// does not know. Decode therefore refuses what is unknown, missing or of a wrong type.

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailscale/hujson"
)

// Fault says what is wrong with the file.
type Fault struct {
	at   int
	text string
}

func (f *Fault) Error() string { return f.text }

// Offset is where the file is wrong, in bytes.
func (f *Fault) Offset() int { return f.at }

// wrong makes a fault at a value. On nil it is at the start of the file.
func wrong(v *hujson.Value, format string, args ...any) error {
	f := &Fault{text: fmt.Sprintf(format, args...)}
	if v != nil {
		f.at = v.StartOffset
	}
	return f
}

// The kinds of values, as messages name them.
const (
	anObject = "an object"
	anArray  = "an array"
	aText    = "text"
	aNumber  = "a number"
	aTime    = "a time like 2026-01-31T12:00:00Z"
)

var kinds = map[hujson.Kind]string{'{': anObject, '[': anArray, '"': aText, '0': aNumber, 't': "true", 'f': "false", 'n': "null"}

// kindOf names the kind of a value. The text is that of a string or a number.
func kindOf(v *hujson.Value) (kind, text string) {
	literal, _ := v.Value.(hujson.Literal)
	return kinds[v.Value.Kind()], literal.String()
}

// members are the fields of an object, none of any other value.
func members(v *hujson.Value) []hujson.ObjectMember {
	if v != nil {
		if o, ok := v.Value.(*hujson.Object); ok {
			return o.Members
		}
	}
	return nil
}

// elements are the items of an array, none of any other value.
func elements(v *hujson.Value) []hujson.Value {
	if v != nil {
		if a, ok := v.Value.(*hujson.Array); ok {
			return a.Elements
		}
	}
	return nil
}

// shape is how a value of the file must look.
type shape struct {
	kind   string
	fields map[string]shape // of an object: the known fields
	needed []string         // of an object: the fields that must not be missing
	each   *shape           // of an array, or of an object with any names: every value
}

var (
	textShape   = shape{kind: aText}
	numberShape = shape{kind: aNumber}
	timeShape   = shape{kind: aTime}
	textsShape  = shape{kind: anArray, each: &textShape}

	stepShape = shape{kind: anObject, fields: map[string]shape{
		"new_classes": textsShape, "new_sqlite_classes": textsShape, "deleted_classes": textsShape,
		"renamed_classes": {kind: anArray, each: &shape{kind: anObject, fields: map[string]shape{"from": textShape, "to": textShape}, needed: []string{"from", "to"}}},
		"transferred_classes": {kind: anArray, each: &shape{kind: anObject,
			fields: map[string]shape{"from": textShape, "from_script": textShape, "to": textShape}, needed: []string{"from", "from_script", "to"}}},
	}}
	appliedShape = shape{kind: anObject, fields: map[string]shape{"index": numberShape, "tag": textShape, "sha256": textShape, "step": stepShape, "applied_at": timeShape},
		needed: []string{"index", "tag", "sha256", "step", "applied_at"}}
	namespaceFields = map[string]shape{"storage": textShape, "unique_key": textShape, "created_as": textShape, "created_by_tag": textShape, "transferred_from": textShape}
	namespaceShape  = shape{kind: anObject, fields: namespaceFields, needed: []string{"storage", "unique_key", "created_as"}}
	tombstoneShape  = shape{kind: anObject, fields: map[string]shape{"class": textShape, "storage": textShape, "unique_key": textShape, "created_as": textShape,
		"created_by_tag": textShape, "transferred_from": textShape, "deleted_by_tag": textShape, "deleted_at": timeShape},
		needed: []string{"class", "storage", "unique_key", "created_as", "deleted_at"}}
	recordShape = shape{kind: anObject, fields: map[string]shape{
		"version": numberShape, "worker": textShape, "last_tag": textShape,
		"applied":    {kind: anArray, each: &appliedShape},
		"classes":    {kind: anObject, each: &namespaceShape},
		"tombstones": {kind: anArray, each: &tombstoneShape},
		"aside":      {kind: anArray, each: &namespaceShape},
	}, needed: []string{"version", "worker"}}
)

// check returns the first fault of a value. name is what messages call the value.
func (s *shape) check(v *hujson.Value, name string) error {
	kind, text := kindOf(v)
	if want := s.kind; kind != want && !(want == aTime && kind == aText) {
		return wrong(v, "%s must be %s, but it is %s", name, want, kind)
	}
	switch s.kind {
	case aNumber:
		if i, err := strconv.Atoi(text); err != nil || i < 0 {
			return wrong(v, "%s must be a number like 1, but it is %s", name, text)
		}
	case aTime:
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return wrong(v, "%s must be %s, but it is %q", name, s.kind, text)
		}
	}
	for i, item := range elements(v) {
		if err := s.each.check(&item, fmt.Sprintf("item %d of %s", i, name)); err != nil {
			return err
		}
	}
	there := map[string]bool{}
	for _, m := range members(v) {
		field := m.Name.Value.(hujson.Literal).String()
		if there[field] {
			return wrong(&m.Name, "field %q is there twice", field)
		}
		there[field] = true
		inner, known := s.fields[field]
		if s.each != nil {
			inner, known = *s.each, true
		}
		if !known {
			return wrong(&m.Name, "field %q is not known here; expected: %s", field, strings.Join(slices.Sorted(maps.Keys(s.fields)), ", "))
		}
		if err := inner.check(&m.Value, strconv.Quote(field)); err != nil {
			return err
		}
	}
	for _, needed := range s.needed {
		if !there[needed] {
			return wrong(v, "%q is missing", needed)
		}
	}
	return nil
}

// Decode reads the ledger file of a Worker. Every error is a [Fault].
func Decode(data []byte, worker string) (*Record, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		f := &Fault{text: err.Error()}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			f.at = int(syntax.Offset) - 1
			if strings.HasPrefix(f.text, "unexpected end") {
				f.at = len(data)
			}
		}
		return nil, f
	}
	root, err := hujson.Parse(data)
	if err != nil {
		return nil, &Fault{text: err.Error()}
	}
	const noVersion = "it has no valid version; expected \"version\": %d"
	version := root.Find("/version")
	if version == nil {
		return nil, wrong(&root, noVersion, Version)
	}
	kind, text := kindOf(version)
	if n, err := strconv.Atoi(text); err != nil || kind != aNumber || n < Version {
		return nil, wrong(version, noVersion, Version)
	} else if n > Version {
		return nil, wrong(version, "it has version %d and this emu knows version %d", n, Version)
	}
	if err := recordShape.check(&root, "the ledger"); err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, &Fault{text: err.Error()}
	}
	if err := r.validate(&root); err != nil {
		return nil, err
	}
	if r.Worker != worker {
		return nil, wrong(root.Find("/worker"), "it belongs to Worker %q; expected %q", r.Worker, worker)
	}
	return r, nil
}
