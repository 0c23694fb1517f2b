package record

// The ledger file is rewritten at every change. Anything in it that is unknown, missing or
// of a wrong type would be lost, so Decode refuses it with its place.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Fault is an error at an offset of the file.
type Fault struct {
	at   int
	text string
}

func (f *Fault) Error() string { return f.text }

// LineColumn is the place of the fault. Both count from 1, columns in characters.
func (f *Fault) LineColumn(data []byte) (line, column int) {
	before := data[:min(max(f.at, 0), len(data))]
	line = bytes.Count(before, []byte("\n")) + 1
	return line, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

// node is a JSON value with its place.
type node struct {
	at     int
	kind   string // what messages call it
	text   string // of text or a number
	fields []member
	items  []*node
}

type member struct {
	at    int
	name  string
	value *node
}

// The kinds of values.
const (
	anObject = "an object"
	anArray  = "an array"
	aText    = "text"
	aNumber  = "a number"
	aTime    = "a time like 2026-01-31T12:00:00Z"
)

// field is the value of a field, nil if it is missing.
func (n *node) field(name string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// item is an item of the array in a field.
func (n *node) item(name string, i int) *node {
	if list := n.field(name); list != nil && i < len(list.items) {
		return list.items[i]
	}
	return nil
}

// wrong makes a fault at a value. On nil it is at the start of the file.
func (n *node) wrong(format string, args ...any) error {
	f := &Fault{text: fmt.Sprintf(format, args...)}
	if n != nil {
		f.at = n.at
	}
	return f
}

// parse reads valid JSON. Its depth is limited: json.Unmarshal has read it before.
func parse(data []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return parseValue(d, data)
}

// nextToken is the offset of the next token.
func nextToken(d *json.Decoder, data []byte) int {
	at := int(d.InputOffset())
	for at < len(data) && strings.IndexByte(" \t\r\n,:", data[at]) >= 0 {
		at++
	}
	return at
}

func parseValue(d *json.Decoder, data []byte) (*node, error) {
	n := &node{at: nextToken(d, data)}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		n.kind = anArray
		if t == '{' {
			n.kind = anObject
		}
		for d.More() {
			f := member{at: nextToken(d, data)}
			if t == '{' {
				name, err := d.Token()
				if err != nil {
					return nil, err
				}
				f.name = name.(string)
			}
			if f.value, err = parseValue(d, data); err != nil {
				return nil, err
			}
			if t == '{' {
				n.fields = append(n.fields, f)
			} else {
				n.items = append(n.items, f.value)
			}
		}
		_, err = d.Token()
		return n, err
	case string:
		n.kind, n.text = aText, t
	case json.Number:
		n.kind, n.text = aNumber, t.String()
	case bool:
		n.kind = strconv.FormatBool(t)
	default:
		n.kind = "null"
	}
	return n, nil
}

// shape is what a value of the file must look like.
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
func (s *shape) check(n *node, name string) error {
	kind := s.kind
	if kind == aTime {
		kind = aText
	}
	if n.kind != kind {
		return n.wrong("%s must be %s, but it is %s", name, s.kind, n.kind)
	}
	switch s.kind {
	case aNumber:
		if i, err := strconv.Atoi(n.text); err != nil || i < 0 {
			return n.wrong("%s must be a number like 1, but it is %s", name, n.text)
		}
	case aTime:
		if _, err := time.Parse(time.RFC3339, n.text); err != nil {
			return n.wrong("%s must be %s, but it is %q", name, s.kind, n.text)
		}
	}
	there := map[string]bool{}
	for _, f := range n.fields {
		if there[f.name] {
			return &Fault{f.at, fmt.Sprintf("field %q is there twice", f.name)}
		}
		there[f.name] = true
		inner, known := s.fields[f.name]
		if s.each != nil {
			inner, known = *s.each, true
		}
		if !known {
			return &Fault{f.at, fmt.Sprintf("field %q is not known here; expected: %s", f.name, strings.Join(sortedNames(s.fields), ", "))}
		}
		if err := inner.check(f.value, strconv.Quote(f.name)); err != nil {
			return err
		}
	}
	for _, needed := range s.needed {
		if !there[needed] {
			return n.wrong("%q is missing", needed)
		}
	}
	for i, item := range n.items {
		if err := s.each.check(item, fmt.Sprintf("item %d of %s", i, name)); err != nil {
			return err
		}
	}
	return nil
}

func sortedNames(fields map[string]shape) []string {
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
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
	root, err := parse(data)
	if err != nil {
		return nil, &Fault{text: err.Error()}
	}
	const noVersion = "it has no valid version; expected \"version\": %d"
	if v := root.field("version"); v == nil {
		return nil, root.wrong(noVersion, Version)
	} else if n, err := strconv.Atoi(v.text); err != nil || v.kind != aNumber || n < Version {
		return nil, v.wrong(noVersion, Version)
	} else if n > Version {
		return nil, v.wrong("it has version %d and this emu knows version %d", n, Version)
	}
	if err := recordShape.check(root, "the ledger"); err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, &Fault{text: err.Error()}
	}
	if err := r.validate(root); err != nil {
		return nil, err
	}
	if r.Worker != worker {
		return nil, root.field("worker").wrong("it belongs to Worker %q; expected %q", r.Worker, worker)
	}
	return r, nil
}
