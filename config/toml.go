package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxTOMLDepth is how deep Wrangler lets arrays and inline tables nest.
const maxTOMLDepth = 1000

// parseTOML reads TOML 1.1.
//
// Source: https://toml.io/en/v1.1.0
func parseTOML(s *source) (*value, *fault) {
	data := []byte(s.text)
	// Decoding into nothing checks the syntax and what is defined twice.
	if err := toml.Unmarshal(data, &struct{}{}); err != nil {
		return nil, tomlFault(s, err)
	}
	b := &tomlBuilder{text: s.text, root: &value{kind: table, end: len(s.text)}}
	b.table = b.root
	b.parser.Reset(data)
	for b.parser.NextExpression() && b.fault == nil {
		b.expression(b.parser.Expression())
	}
	if err := b.parser.Error(); err != nil && b.fault == nil {
		return nil, tomlFault(s, err)
	}
	if b.fault != nil {
		return nil, wordTOMLFault(s, b.fault)
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

// tomlBuilder makes the tree of a document that is known to be valid.
type tomlBuilder struct {
	text   string
	parser unstable.Parser
	root   *value
	table  *value // the one whose header came last
	fault  *fault
}

func (b *tomlBuilder) expression(e *unstable.Node) {
	switch e.Kind {
	case unstable.Table:
		parent, key := b.descend(b.root, e.Key())
		if b.table = last(parent.get(b.name(key))); b.table == nil {
			b.table = b.keyed(&value{kind: table}, key)
			parent.put(b.name(key), b.table)
		}
	case unstable.ArrayTable:
		parent, key := b.descend(b.root, e.Key())
		tables := parent.get(b.name(key))
		if tables == nil {
			tables = b.keyed(&value{kind: list}, key)
			parent.put(b.name(key), tables)
		}
		b.table = b.keyed(&value{kind: table}, key)
		tables.items = append(tables.items, b.table)
	case unstable.KeyValue:
		b.keyValue(b.table, e)
	}
}

// last is the table that a header below an array of tables means.
func last(v *value) *value {
	if v.is(list) && len(v.items) > 0 {
		return v.items[len(v.items)-1]
	}
	return v
}

// descend goes to the table that holds the last part of a key, and makes what is missing.
func (b *tomlBuilder) descend(at *value, keys unstable.Iterator) (parent *value, key *unstable.Node) {
	for keys.Next() {
		if key != nil {
			next := last(at.get(b.name(key)))
			if next == nil {
				next = b.keyed(&value{kind: table}, key)
				at.put(b.name(key), next)
			}
			at = next
		}
		key = keys.Node()
	}
	return at, key
}

func (b *tomlBuilder) name(key *unstable.Node) string { return string(key.Data) }

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
func (b *tomlBuilder) keyValue(to *value, pair *unstable.Node) int {
	parent, key := b.descend(to, pair.Key())
	start, end := span(key)
	v := b.value(pair.Value(), end)
	v.keyStart, v.keyEnd = start, end
	parent.put(b.name(key), v)
	return v.end
}

// value makes a value that begins after an offset.
func (b *tomlBuilder) value(n *unstable.Node, after int) *value {
	v := &value{}
	v.start, v.end = span(n)
	switch n.Kind {
	case unstable.Array:
		v.kind = list
		v.start = b.skip(after)
		v.end = v.start + 1
		for it := n.Children(); it.Next(); {
			item := b.value(it.Node(), v.end)
			v.items = append(v.items, item)
			v.end = item.end
		}
		v.end = b.skip(v.end) + 1
	case unstable.InlineTable:
		v.kind = table
		v.end = v.start + 1
		for it := n.Children(); it.Next(); {
			v.end = b.keyValue(v, it.Node())
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
			b.refuse("invalid date", v)
		}
	}
	return v
}

// skip passes white space, comments, commas and the equals sign.
func (b *tomlBuilder) skip(at int) int {
	for at < len(b.text) {
		switch b.text[at] {
		case ' ', '\t', '\r', '\n', ',', '=':
			at++
		case '#':
			n := strings.IndexByte(b.text[at:], '\n')
			if n < 0 {
				return len(b.text) - 1
			}
			at += n
		default:
			return at
		}
	}
	return len(b.text) - 1
}

// refuse notes the first fault in a value.
func (b *tomlBuilder) refuse(message string, v *value) {
	if b.fault == nil {
		b.fault = &fault{code: tomlPrefix + message, start: v.start, end: v.end}
	}
}

// integer refuses what JavaScript's numbers cannot hold, as Wrangler does.
func (b *tomlBuilder) integer(s string, v *value) float64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 0, 64)
	if err != nil || n > maxInteger || n < -maxInteger {
		b.refuse("integer value cannot be represented losslessly", v)
	}
	return float64(n)
}

func tomlFloat(s string) float64 {
	return parseFloat(strings.ReplaceAll(s, "_", ""))
}

// isoDate writes a date as Wrangler shows it, or "" if it does not exist.
// JavaScript counts a 30 February on into March.
func isoDate(s string, k unstable.Kind) string {
	s = strings.ToUpper(s)
	if k == unstable.LocalTime {
		t, ok := isoTime("2000-01-01T" + s + "Z")
		if !ok {
			return ""
		}
		return t.Format("15:04:05.000")
	}
	if k == unstable.LocalDate {
		t, ok := isoTime(s + "T00:00Z")
		if !ok {
			return ""
		}
		return t.Format("2006-01-02")
	}
	zone := ""
	if k == unstable.DateTime {
		zone = s[strings.LastIndexAny(s, "Z+-"):]
		s = strings.TrimSuffix(s, zone)
	}
	t, ok := isoTime(s[:10] + "T" + s[11:] + "Z")
	if _, err := time.Parse("Z07:00", zone); !ok || err != nil && zone != "" {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000") + zone
}

// isoTime reads a date and a time in UTC whose day may lie past the month's end.
func isoTime(s string) (time.Time, bool) {
	day, err := strconv.Atoi(s[8:10])
	if err != nil || day < 1 || day > 31 {
		return time.Time{}, false
	}
	s = s[:8] + "01" + s[10:]
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04Z", s)
	}
	return t.AddDate(0, 0, day-1), err == nil
}
