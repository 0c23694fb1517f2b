package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// variable is a name and its value, from a line of a .dev.vars or .env file.
type variable struct {
	name, text string
	place      diagnostic.Place
}

// dotenvLine is the grammar of dotenv 16. A line that does not match is ignored.
//
// Source: https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets
var dotenvLine = regexp.MustCompile(`(?m)^` + jsSpace + `*(?:export` + jsSpace + `+)?([A-Za-z0-9_.-]+)(?:` + jsSpace + `*=` + jsSpace + `*?|:` + jsSpace + `+?)` +
	`(` + jsSpace + `*'(?:\\'|[^'])*'|` + jsSpace + `*"(?:\\"|[^"])*"|` + jsSpace + "*`(?:\\\\`|[^`])*`" + `|[^#\r\n]+)?` + jsSpace + `*(?:#.*)?$`)

// jsSpace is what \s means in JavaScript.
const jsSpace = `[\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`

// parseDotenv reads the variables of a file. Of two with one name the later one counts.
func parseDotenv(file, text string) []variable {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var vars variables
	s := &diagnostic.Source{File: file, Text: text}
	for _, m := range dotenvLine.FindAllStringSubmatchIndex(text, -1) {
		v := strings.TrimFunc(group(text, m, 2), func(r rune) bool {
			return strings.ContainsRune("\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff", r) || r >= 0x2000 && r <= 0x200a
		})
		quote := byte(0)
		if v != "" {
			quote = v[0]
		}
		if n := len(v); n > 1 && strings.IndexByte("'\"`", quote) >= 0 && v[n-1] == quote {
			v = v[1 : n-1]
		}
		if quote == '"' { // dotenv does this also if the quote is not closed
			v = strings.ReplaceAll(strings.ReplaceAll(v, `\n`, "\n"), `\r`, "\r")
		}
		vars.put(variable{text[m[2]:m[3]], v, s.Place(m[2], m[3])})
	}
	return vars.list
}

// variables are named strings in the order of their first appearance.
type variables struct {
	list  []variable
	index map[string]int
}

func (v *variables) get(name string) string {
	if i, ok := v.index[name]; ok {
		return v.list[i].text
	}
	return ""
}

func (v *variables) set(name, text string) { v.put(variable{name: name, text: text}) }

func (v *variables) put(x variable) {
	if i, ok := v.index[x.name]; ok {
		v.list[i] = x
		return
	}
	if v.index == nil {
		v.index = map[string]int{}
	}
	v.index[x.name] = len(v.list)
	v.list = append(v.list, x)
}

// expand replaces $NAME, ${NAME}, ${NAME:-default} and ${NAME:+other} in the variables
// of .env files, as dotenv-expand 12 does. A variable of the process's environment wins
// over one of a file. It fails if a variable becomes too long.
func expand(parsed []variable, environment variables) (variables, *diagnostic.Diagnostic) {
	var running variables
	work := maxExpansionWork
	for _, p := range parsed {
		v := p.text
		if own := environment.get(p.name); own != "" && own != v {
			v = own
		} else {
			var ok bool
			if v, ok = expandText(v, environment, running, &work); !ok {
				message := fmt.Sprintf("variable %s becomes longer than %d MiB with the variables that it refers to", p.name, maxExpanded>>20)
				if work < 0 {
					message = fmt.Sprintf("the variables up to %s that refer to others take more than %d MiB", p.name, maxExpansionWork>>20)
				}
				return variables{}, &diagnostic.Diagnostic{Text: message, Place: p.place, Hint: `shorten what it refers to, or write \$ if no variable is meant`}
			}
		}
		running.set(p.name, strings.ReplaceAll(v, `\$`, "$"))
	}
	for _, p := range running.list {
		environment.set(p.name, p.text)
	}
	return environment, nil
}

var reference = regexp.MustCompile(`\$\{([^{}]+)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)
var operator = regexp.MustCompile(`:\+|\+|:-|-`)

const (
	// maxExpansions stops a value that refers to itself. Wrangler hangs on it.
	maxExpansions = 1000
	// maxExpanded limits one value, and maxExpansionWork the bytes written for all of
	// them together: thirty lines that each double the one before reach gigabytes, where
	// Wrangler fails with "Invalid string length".
	maxExpanded      = 1 << 20
	maxExpansionWork = 64 << 20
)

// expandText replaces the references in a string. It subtracts the bytes that it writes from
// work, and reports false if work falls below 0.
func expandText(s string, environment, running variables, work *int) (string, bool) {
	lookup := func(name string) string {
		if v := environment.get(name); v != "" {
			return v
		}
		if _, own := environment.index[name]; own {
			return ""
		}
		return running.get(name)
	}
	seen := map[string]bool{}
	for range maxExpansions {
		m := findReference(s)
		if m == nil {
			return s, true
		}
		seen[s] = true // dotenv-expand takes a value that it has had before for a circle
		expression := group(s, m, 1) + group(s, m, 2)
		name, with, other := expression, "", ""
		if op := operator.FindStringIndex(expression); op != nil {
			name, with, other = expression[:op[0]], expression[op[0]:op[1]], expression[op[1]:]
		}
		to := lookup(name)
		switch {
		case with == ":+" || with == "+":
			if to != "" {
				to = other
			}
		case to == "" || seen[to]:
			to = other
		}
		if *work -= len(s) + len(to); len(s)+len(to) > maxExpanded || *work < 0 {
			return "", false
		}
		// JavaScript's replace changes the first occurrence, which may be an earlier one
		// than the match, and turns $$ in the replacement into $.
		s = strings.Replace(s, s[m[0]:m[1]], strings.ReplaceAll(to, "$$", "$"), 1)
		if s == running.get(name) && running.has(name) {
			return s, true
		}
	}
	return s, true
}

func (v *variables) has(name string) bool {
	_, ok := v.index[name]
	return ok
}

// findReference finds the first reference whose $ has no backslash before it.
func findReference(s string) []int {
	for from := 0; ; {
		m := reference.FindStringSubmatchIndex(s[from:])
		if m == nil {
			return nil
		}
		for i := range m {
			if m[i] >= 0 {
				m[i] += from
			}
		}
		if m[0] == 0 || s[m[0]-1] != '\\' {
			return m
		}
		from = m[0] + 1
	}
}

// group is the text of a group of a match, "" if the group did not take part.
func group(s string, m []int, n int) string {
	if m[2*n] < 0 {
		return ""
	}
	return s[m[2*n]:m[2*n+1]]
}
