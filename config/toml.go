package config

import (
	"errors"
	"math"
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
	var all any
	if err := toml.Unmarshal(data, &all); err != nil {
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
	order(b.root)
	return b.root, b.fault
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
		v.kind, v.str = date, isoDate(string(n.Data), n.Kind)
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

// integer refuses what JavaScript's numbers cannot hold, as Wrangler does.
func (b *tomlBuilder) integer(s string, v *value) float64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 0, 64)
	if s = strings.ReplaceAll(s, "_", ""); err != nil {
		n, err = strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 64)
	}
	const most = 1<<53 - 1
	if err != nil || n > most || n < -most {
		if b.fault == nil {
			b.fault = &fault{code: tomlPrefix + "integer value cannot be represented losslessly", start: v.start, end: v.end,
				text: "integer " + clip(s) + " is too large", hint: "integers go up to " + strconv.Itoa(most) + "; put a larger one in quotes"}
		}
		return math.NaN()
	}
	return float64(n)
}

func tomlFloat(s string) float64 {
	return parseFloat(strings.ReplaceAll(s, "_", ""))
}

// isoDate writes a date as Wrangler shows it.
func isoDate(s string, k unstable.Kind) string {
	s = strings.ToUpper(s)
	switch k {
	case unstable.LocalDate:
		return s
	case unstable.LocalTime:
		return isoTime(s)
	}
	day, clock := s[:10], s[11:]
	if k == unstable.LocalDateTime {
		return day + "T" + isoTime(clock)
	}
	zone := strings.IndexAny(clock, "Z+-")
	return day + "T" + isoTime(clock[:zone]) + clock[zone:]
}

// isoTime gives a time seconds and three digits after them.
func isoTime(s string) string {
	if len(s) == len("15:04") {
		s += ":00"
	}
	t, err := time.Parse("15:04:05", s)
	if err != nil {
		return s
	}
	return t.Format("15:04:05.000")
}

// tomlPrefix begins every message that Wrangler has for TOML.
const tomlPrefix = "Invalid TOML document: "

// tomlFault says what go-toml found, at its place.
func tomlFault(s *source, err error) *fault {
	f := &fault{code: tomlPrefix + "invalid value", text: err.Error()}
	var decode *toml.DecodeError
	var parse *unstable.ParserError
	switch {
	case errors.As(err, &decode):
		line, column := decode.Position()
		s.line(0)
		from, to := s.span(min(line, len(s.lines)) - 1)
		f.start = min(from+column-1, to)
		f.end = f.start + 1
		f.text = strings.TrimPrefix(decode.Error(), "toml: ")
	case errors.As(err, &parse):
		f.text = parse.Message
	}
	f.code, f.hint = tomlWords(s, f)
	return f
}
