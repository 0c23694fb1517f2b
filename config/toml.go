package config

import (
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// parseTOML reads TOML 1.1. Package toml itself would look up keys in a time
// that grows with the square of the file.
//
// Source: https://toml.io/en/v1.1.0
func parseTOML(s *diagnostic.Source) (*value, *fault) {
	data := []byte(s.Text)
	data = data[:len(data):len(data)] // what go-toml points at is found by what is left
	b := &tomlBuilder{source: s, root: &value{kind: table, end: len(s.Text)}}
	b.table = b.root
	b.parser.Reset(data)
	for b.parser.NextExpression() && b.fault == nil {
		b.expression(b.parser.Expression())
	}
	if b.fault != nil {
		return nil, b.fault
	}
	if err := b.parser.Error(); err != nil {
		return nil, tomlFault(s, data, err)
	}
	order(b.root)
	return b.root, nil
}

func order(v *value) {
	switch v.kind {
	case table:
		v.order()
		for _, m := range v.members {
			order(m.value)
		}
	case list:
		for _, item := range v.items {
			order(item)
		}
	}
}

// made is how TOML defines a table or value, which decides what may add to it.
type made uint8

const (
	madeNot    made = iota
	asDotted        // a part of a dotted key: more dotted keys may add to it
	asValue         // a value, which is whole
	asParent        // a part of a header: a header of its own may come
	asListPart      // a part of a header of a list
	asTable         // by its header
	asList          // by headers in double brackets
)

// tomlBuilder makes the tree of a document.
type tomlBuilder struct {
	source *diagnostic.Source
	parser unstable.Parser
	root   *value
	table  *value // the one whose header came last
	header int    // how deep that one lies
	depth  int    // how deep what is read lies
	fault  *fault
}

func (b *tomlBuilder) expression(e *unstable.Node) {
	switch e.Kind {
	case unstable.Table, unstable.ArrayTable:
		how, open := asParent, b.open
		if e.Kind == unstable.ArrayTable {
			how, open = asListPart, b.entry
		}
		b.depth = 0
		if parent, key := b.descend(b.root, e.Key(), how, definedTwice); parent != nil {
			open(parent, key)
		}
		b.header = b.depth
	case unstable.KeyValue:
		b.depth = b.header
		b.keyValue(b.table, e, definedTwice)
	}
}

// open opens a table by its header.
func (b *tomlBuilder) open(parent *value, key *unstable.Node) {
	name := string(key.Data)
	b.table = parent.get(name)
	switch {
	case b.table == nil:
		b.table = b.keyed(&value{kind: table}, key)
		parent.put(name, b.table)
	case b.table.made != asParent && b.table.made != asListPart:
		b.twice(key, definedTwice)
	default: // its own header is the better place
		b.keyed(b.table, key)
	}
	b.table.made = asTable
}

// entry adds a table to a list.
func (b *tomlBuilder) entry(parent *value, key *unstable.Node) {
	name := string(key.Data)
	tables := parent.get(name)
	if tables == nil {
		tables = b.keyed(&value{kind: list, made: asList}, key)
		parent.put(name, tables)
	}
	b.table = b.keyed(&value{kind: table, made: asTable}, key)
	if tables.made != asList {
		b.twice(key, definedTwice)
		return
	}
	tables.items = append(tables.items, b.table)
}

// twice refuses what is defined a second time.
func (b *tomlBuilder) twice(key *unstable.Node, message string) {
	start, end := span(key)
	b.refuse(message, &value{start: start, end: end})
}

// descend goes to the table that holds the last part of a key, and makes what
// is missing. The table is nil if the key cannot go there.
func (b *tomlBuilder) descend(at *value, keys unstable.Iterator, how made, twice string) (parent *value, key *unstable.Node) {
	var first *unstable.Node
	for keys.Next() {
		if first == nil {
			first = keys.Node()
		}
		if b.depth++; b.depth > maxDepth {
			b.twice(first, tooNested)
			return nil, nil
		}
		if key != nil {
			name := string(key.Data)
			next := at.get(name)
			switch {
			case next == nil:
				next = b.keyed(&value{kind: table, made: how}, key)
				at.put(name, next)
			case next.made == asValue, how == asDotted && next.made != asDotted:
				b.twice(first, twice)
				return nil, nil
			case next.made == asList:
				next = next.items[len(next.items)-1]
			}
			at = next
		}
		key = keys.Node()
	}
	return at, key
}

// keyed gives a value the place of its key, which is where a header opens it.
func (b *tomlBuilder) keyed(v *value, key *unstable.Node) *value {
	v.keyStart, v.keyEnd = span(key)
	v.start, v.end = v.keyStart, v.keyEnd
	return v
}

func span(n *unstable.Node) (start, end int) {
	return int(n.Raw.Offset), int(n.Raw.Offset + n.Raw.Length)
}

// keyValue adds a pair to a table and returns where its value ends.
func (b *tomlBuilder) keyValue(to *value, pair *unstable.Node, twice string) int {
	depth := b.depth
	defer func() { b.depth = depth }()
	parent, key := b.descend(to, pair.Key(), asDotted, twice)
	if parent == nil {
		return 0
	}
	start, end := span(key)
	name := string(key.Data)
	if parent.find(name) >= 0 {
		b.twice(key, twice)
		return 0
	}
	v := b.value(pair.Value(), end)
	v.keyStart, v.keyEnd, v.made = start, end, asValue
	parent.put(name, v)
	return v.end
}

// value makes a value that begins after an offset.
func (b *tomlBuilder) value(n *unstable.Node, after int) *value {
	v := &value{made: asValue}
	v.start, v.end = span(n)
	switch n.Kind {
	case unstable.Array:
		v.kind = list
		v.start = b.skip(after)
		v.end = v.start + 1
		if b.depth++; b.depth > maxDepth {
			b.refuse(tooNested, v)
		}
		for it := n.Children(); it.Next() && b.fault == nil; {
			item := b.value(it.Node(), v.end)
			v.items = append(v.items, item)
			v.end = item.end
		}
		b.depth--
		v.end = b.skip(v.end) + 1
	case unstable.InlineTable:
		v.kind = table
		v.end = v.start + 1
		for it := n.Children(); it.Next() && b.fault == nil; {
			v.end = b.keyValue(v, it.Node(), keyTwice)
		}
		v.end = b.skip(v.end) + 1
	case unstable.String:
		v.kind, v.str = text, string(n.Data)
	case unstable.Bool:
		v.kind, v.bool = boolean, n.Data[0] == 't'
	case unstable.Integer:
		v.kind = number
		v.num = b.integer(string(n.Data), v)
	case unstable.Float:
		v.kind = number
		v.num = tomlFloat(string(n.Data))
	default:
		v.kind = date
		if v.str = isoDate(string(n.Data), n.Kind); v.str == "" {
			b.refuse(noDate, v)
		}
	}
	return v
}

// skip passes white space, comments, commas and the equals sign.
func (b *tomlBuilder) skip(at int) int {
	for at < len(b.source.Text) {
		switch b.source.Text[at] {
		case ' ', '\t', '\r', '\n', ',', '=':
			at++
		case '#':
			n := strings.IndexByte(b.source.Text[at:], '\n')
			if n < 0 {
				return len(b.source.Text) - 1
			}
			at += n
		default:
			return at
		}
	}
	return len(b.source.Text) - 1
}

// refuse notes the first fault in a value.
func (b *tomlBuilder) refuse(message string, v *value) {
	if b.fault == nil {
		b.fault = wordTOMLFault(b.source, message, v.start, v.end)
	}
}

// maxInteger is the largest integer that JavaScript's numbers hold exactly.
const maxInteger = 1<<53 - 1

// integer refuses what JavaScript's numbers cannot hold, as Wrangler does.
func (b *tomlBuilder) integer(s string, v *value) float64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 0, 64)
	if err != nil || n > maxInteger || n < -maxInteger {
		b.refuse(tooLarge, v)
	}
	return float64(n)
}

func tomlFloat(s string) float64 {
	return parseFloat(strings.ReplaceAll(s, "_", ""))
}
