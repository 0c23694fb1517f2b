package syntax

import (
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// TOML reads TOML 1.1. It builds on go-toml's parser and not on its decoder, whose search
// for keys takes time that grows with the square of the file.
//
// Source: https://toml.io/en/v1.1.0
func TOML(s *diagnostic.Source) (*tree.Value, *diagnostic.Diagnostic) {
	data := []byte(s.Text)
	data = data[:len(data):len(data)] // tomlFault computes offsets from capacities
	b := &tomlBuilder{source: s, root: &tree.Value{Kind: tree.Table, End: len(s.Text)}, made: map[*tree.Value]made{}}
	b.table = b.root
	b.parser.Reset(data)
	for b.parser.NextExpression() && b.fault == nil {
		b.expression(b.parser.Expression())
	}
	if b.fault != nil {
		return nil, b.fault.in(s)
	}
	if err := b.parser.Error(); err != nil {
		return nil, tomlFault(s, data, err).in(s)
	}
	order(b.root)
	return b.root, nil
}

// order puts the keys of all tables into JavaScript's order.
func order(v *tree.Value) {
	switch v.Kind {
	case tree.Table:
		v.Order()
		for _, m := range v.Members {
			order(m.Value)
		}
	case tree.List:
		for _, item := range v.Items {
			order(item)
		}
	}
}

// made says what in the document has defined a table or a list. It decides whether a later key
// or header may add to it.
type made uint8

const (
	asValue    made = iota // by a value: nothing may add to it
	asDotted               // by a part of a dotted key: other dotted keys may add to it
	asParent               // by a part of another table's header: its own header may follow
	asListPart             // by a part of the header of a list
	asTable                // by its own header
	asList                 // by headers in double brackets
)

// tomlBuilder makes the tree of a document.
type tomlBuilder struct {
	source *diagnostic.Source
	parser unstable.Parser
	root   *tree.Value
	made   map[*tree.Value]made // of tables and lists that may grow
	table  *tree.Value          // the table of the last header
	header int                  // the depth of table
	depth  int                  // the depth of what is read now
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
func (b *tomlBuilder) open(parent *tree.Value, key *unstable.Node) {
	name := string(key.Data)
	b.table = parent.Get(name)
	switch {
	case b.table == nil:
		b.table = b.keyed(&tree.Value{Kind: tree.Table}, key)
		parent.Put(name, b.table)
	case b.made[b.table] != asParent && b.made[b.table] != asListPart:
		b.refuseKey(key, definedTwice)
	default: // point at its own header from now on, not at another table's
		b.keyed(b.table, key)
	}
	b.made[b.table] = asTable
}

// entry adds a table to a list.
func (b *tomlBuilder) entry(parent *tree.Value, key *unstable.Node) {
	name := string(key.Data)
	tables := parent.Get(name)
	if tables == nil {
		tables = b.keyed(&tree.Value{Kind: tree.List}, key)
		b.made[tables] = asList
		parent.Put(name, tables)
	}
	b.table = b.keyed(&tree.Value{Kind: tree.Table}, key)
	b.made[b.table] = asTable
	if b.made[tables] != asList {
		b.refuseKey(key, definedTwice)
		return
	}
	tables.Items = append(tables.Items, b.table)
}

// refuseKey refuses a key or table that is defined a second time.
func (b *tomlBuilder) refuseKey(key *unstable.Node, message string) {
	start, end := span(key)
	b.refuse(message, &tree.Value{Start: start, End: end})
}

// descend returns the table that a dotted key adds to, and the last part of the key. It makes
// the tables that are missing, as defined by how. If a part names a value that may not grow,
// it records a fault and returns nil.
func (b *tomlBuilder) descend(at *tree.Value, keys unstable.Iterator, how made, duplicate string) (parent *tree.Value, key *unstable.Node) {
	var first *unstable.Node
	for keys.Next() {
		if first == nil {
			first = keys.Node()
		}
		if b.depth++; b.depth > maxDepth {
			b.refuseKey(first, tooNested)
			return nil, nil
		}
		if key != nil {
			name := string(key.Data)
			next := at.Get(name)
			switch {
			case next == nil:
				next = b.keyed(&tree.Value{Kind: tree.Table}, key)
				b.made[next] = how
				at.Put(name, next)
			case b.made[next] == asValue, how == asDotted && b.made[next] != asDotted:
				// TOML closes a value, and closes a table with a header to dotted keys.
				b.refuseKey(first, duplicate)
				return nil, nil
			case b.made[next] == asList: // a header below a list is about its last table
				next = next.Items[len(next.Items)-1]
			}
			at = next
		}
		key = keys.Node()
	}
	return at, key
}

// keyed gives a value the place of its key, which is all the source has of a table with a
// header.
func (b *tomlBuilder) keyed(v *tree.Value, key *unstable.Node) *tree.Value {
	v.KeyStart, v.KeyEnd = span(key)
	v.Start, v.End = v.KeyStart, v.KeyEnd
	return v
}

func span(n *unstable.Node) (start, end int) {
	return int(n.Raw.Offset), int(n.Raw.Offset + n.Raw.Length)
}

// keyValue adds a pair to a table. It returns the offset at which the value ends.
func (b *tomlBuilder) keyValue(to *tree.Value, pair *unstable.Node, duplicate string) int {
	depth := b.depth
	defer func() { b.depth = depth }()
	parent, key := b.descend(to, pair.Key(), asDotted, duplicate)
	if parent == nil {
		return 0
	}
	start, end := span(key)
	name := string(key.Data)
	if parent.Find(name) >= 0 {
		b.refuseKey(key, duplicate)
		return 0
	}
	v := b.value(pair.Value(), end)
	v.KeyStart, v.KeyEnd = start, end
	parent.Put(name, v)
	return v.End
}

// value makes a value. after is an offset in front of it, from which a list is looked for:
// go-toml does not say where one begins.
func (b *tomlBuilder) value(n *unstable.Node, after int) *tree.Value {
	v := &tree.Value{}
	v.Start, v.End = span(n)
	switch n.Kind {
	case unstable.Array:
		v.Kind = tree.List
		v.Start = b.skip(after)
		v.End = v.Start + 1
		if b.depth++; b.depth > maxDepth { // go-toml itself stops at 10000
			b.refuse(tooNested, v)
		}
		for it := n.Children(); it.Next() && b.fault == nil; {
			item := b.value(it.Node(), v.End)
			v.Items = append(v.Items, item)
			v.End = item.End
		}
		b.depth--
		v.End = b.skip(v.End) + 1
	case unstable.InlineTable:
		v.Kind = tree.Table
		v.End = v.Start + 1
		for it := n.Children(); it.Next() && b.fault == nil; {
			v.End = b.keyValue(v, it.Node(), keyTwice)
		}
		v.End = b.skip(v.End) + 1
	case unstable.String:
		v.Kind, v.Str = tree.Text, string(n.Data)
	case unstable.Bool:
		v.Kind, v.Bool = tree.Boolean, n.Data[0] == 't'
	case unstable.Integer:
		v.Kind = tree.Number
		v.Num = b.integer(string(n.Data), v)
	case unstable.Float:
		v.Kind = tree.Number
		v.Num = tomlFloat(string(n.Data))
	default:
		v.Kind = tree.Date
		if v.Str = isoDate(string(n.Data), n.Kind); v.Str == "" {
			b.refuse(noDate, v)
		}
	}
	return v
}

// skip returns the offset after white space, comments, commas and the equals sign.
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

// refuse records a fault at a value, unless there is one already.
func (b *tomlBuilder) refuse(message string, v *tree.Value) {
	if b.fault == nil {
		b.fault = wordTOMLFault(b.source, message, v.Start, v.End)
	}
}

// MaxInteger is the largest integer that JavaScript's numbers hold exactly.
const MaxInteger = 1<<53 - 1

// integer reads an integer. It refuses one that JavaScript's numbers cannot hold, as
// Wrangler does.
func (b *tomlBuilder) integer(s string, v *tree.Value) float64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 0, 64)
	if err != nil || n > MaxInteger || n < -MaxInteger {
		b.refuse(tooLarge, v)
	}
	return float64(n)
}

func tomlFloat(s string) float64 {
	return parseFloat(strings.ReplaceAll(s, "_", ""))
}
