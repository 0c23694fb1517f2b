package syntax

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/tailscale/hujson"
)

// maxDepth limits how deep lists and tables nest. Wrangler has this limit in TOML; in
// JSONC its limit is the stack of JavaScript.
const maxDepth = 1000

// JSONC reads JSON with comments and trailing commas. Wrangler reads .json and .jsonc alike.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/
func JSONC(s *diagnostic.Source) (*tree.Value, *diagnostic.Diagnostic) {
	data := []byte(s.Text)
	if at, ok := tooDeep(data); ok {
		f := &fault{code: "crash", text: "the configuration nests too deeply", start: at, end: at + 1,
			hint: "lists and objects may nest " + strconv.Itoa(maxDepth) + " deep"}
		return nil, f.in(s)
	}
	// For Wrangler a carriage return alone ends a line comment, which for hujson it does not.
	// Anywhere else a line feed in its place changes nothing.
	for i, c := range data {
		if c == '\r' {
			data[i] = '\n'
		}
	}
	// hujson refuses a line comment that ends with the file, so a line end is added.
	parsed, err := hujson.Parse(append(data, '\n'))
	if err == nil {
		return jsoncTree(s.Text, &parsed), nil
	}
	return nil, jsoncFault(s.Text, err).in(s)
}

// tooDeep finds where lists and objects nest deeper than maxDepth.
func tooDeep(data []byte) (at int, deep bool) {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"', quoted && c == '\n':
			quoted = !quoted && c == '"'
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return i, true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return 0, false
}

// jsoncTree makes the tree of a text. A string without escapes is a part of the text.
func jsoncTree(text string, from *hujson.Value) *tree.Value {
	v := &tree.Value{Start: from.StartOffset, End: from.EndOffset}
	switch x := from.Value.(type) {
	case *hujson.Object:
		v.Kind = tree.Table
		v.Members = make([]tree.Member, 0, len(x.Members))
		for i := range x.Members {
			m := &x.Members[i]
			key := unquote(text[m.Name.StartOffset:m.Name.EndOffset])
			if key == "__proto__" {
				continue // JavaScript sets the prototype instead of a member
			}
			to := jsoncTree(text, &m.Value)
			to.KeyStart, to.KeyEnd = m.Name.StartOffset, m.Name.EndOffset
			v.Put(key, to)
		}
		v.Order()
	case *hujson.Array:
		v.Kind = tree.List
		v.Items = make([]*tree.Value, len(x.Elements))
		for i := range x.Elements {
			v.Items[i] = jsoncTree(text, &x.Elements[i])
		}
	case hujson.Literal:
		switch x.Kind() {
		case 't', 'f':
			v.Kind, v.Bool = tree.Boolean, x[0] == 't'
		case '"':
			v.Kind, v.Str = tree.Text, unquote(text[v.Start:v.End])
		case '0':
			v.Kind, v.Num = tree.Number, parseFloat(text[v.Start:v.End])
		}
	}
	return v
}

// parseFloat reads a valid number. One that is too large is infinite, as in JavaScript.
func parseFloat(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// unquote reads a valid JSON string.
func unquote(literal string) string {
	s := literal[1 : len(literal)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+2 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					low = hex4(s[i+3:])
				}
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			b = javascript.AppendRune(b, r)
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

// hex4 reads the four digits of a \u escape.
func hex4(s string) rune {
	n, _ := strconv.ParseUint(s[:4], 16, 32)
	return rune(n)
}
