package schema

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// The checks of which the others are built.

// ofType accepts a value of which JavaScript's typeof is name, and a missing one. So null and
// lists are objects.
func ofType(name string) check {
	return func(s *scope, field string, v *tree.Value) bool {
		if v == nil || v.Typeof() == name {
			return true
		}
		return s.fail(v, msgType, slots{field: field, typ: name, value: tree.Stringify(v)})
	}
}

var (
	isString  = ofType("string")
	isBoolean = ofType("boolean")
	isNumber  = ofType("number")
	isObject  = ofType("object")
)

// required refuses a missing value.
func required(then check) check {
	return func(s *scope, field string, v *tree.Value) bool {
		if v == nil {
			return s.fail(nil, msgRequired, slots{field: field})
		}
		return then(s, field, v)
	}
}

// oneOf accepts one of some strings.
func oneOf(choices ...string) check {
	return func(s *scope, field string, v *tree.Value) bool {
		if v == nil || v.Is(tree.Text) && slices.Contains(choices, v.Str) {
			return true
		}
		hint := diagnostic.DidYouMean(v.Text(), choices, "did you mean %s?")
		return s.fail(v, msgOneOf, slots{field: field, typ: quoteAll(choices), value: tree.Stringify(v), hint: hint})
	}
}

// quoteAll writes strings as a JSON list.
func quoteAll(names []string) string { return tree.Stringify(tree.NewTexts(names)) }

// all runs every check, and accepts what all of them accept.
func all(checks ...check) check {
	return func(s *scope, field string, v *tree.Value) bool {
		ok := true
		for _, c := range checks {
			ok = c(s, field, v) && ok
		}
		return ok
	}
}

// until runs the checks up to the first that fails, so that the others add no errors.
func until(checks ...check) check {
	return func(s *scope, field string, v *tree.Value) bool {
		for _, c := range checks {
			if !c(s, field, v) {
				return false
			}
		}
		return true
	}
}

// arrayOf accepts a list whose items are of a type.
func arrayOf(name string) check {
	item := required(ofType(name))
	return func(s *scope, field string, v *tree.Value) bool {
		if v == nil {
			return true
		}
		if !v.Is(tree.List) {
			hint := ""
			if name == "string" {
				hint = hintList(v)
			}
			return s.fail(v, msgTypedArray, slots{field: field, typ: name, value: tree.Stringify(v), hint: hint})
		}
		ok, inner := true, s.in(v)
		for i, x := range v.Items {
			ok = item(inner, field+".["+strconv.Itoa(i)+"]", x) && ok
		}
		return ok
	}
}

// isStrings accepts a list of strings. Wrangler has this message for compatibility_flags.
func isStrings(s *scope, field string, v *tree.Value) bool {
	return v == nil || v.Is(tree.List) && !slices.ContainsFunc(v.Items, func(x *tree.Value) bool { return !x.Is(tree.Text) }) ||
		s.fail(v, msgType, slots{field: field, typ: "string array", value: tree.Stringify(v), hint: hintList(v)})
}

// hintList is the hint for a string where a list of strings belongs.
func hintList(v *tree.Value) string {
	if !v.Is(tree.Text) {
		return ""
	}
	return "write [" + tree.Stringify(v) + "]"
}

// named is a field of a table with its check.
type named struct {
	key   string
	check check
}

// fieldsOf checks the fields of a table in order. Of another value all fields are missing.
func fieldsOf(fields ...named) check {
	return func(s *scope, field string, v *tree.Value) bool {
		ok, inner := true, s.in(v)
		for _, f := range fields {
			ok = f.check(inner, join(field, f.key), v.Get(f.key)) && ok
		}
		return ok
	}
}

// join is the path of a key in a field.
func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// known warns of every key that is not among those given.
func known(keys ...string) check {
	return func(s *scope, field string, v *tree.Value) bool { return s.unknown(field, v, keys...) }
}

// only checks the fields of a table, and warns of every other.
func only(fields ...named) check {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	return all(fieldsOf(fields...), known(keys...))
}

// optional accepts a missing value.
func optional(then check) check {
	return func(s *scope, field string, v *tree.Value) bool { return v == nil || then(s, field, v) }
}

// given accepts a value that is missing or null.
func given(then check) check {
	return func(s *scope, field string, v *tree.Value) bool { return !v.IsGiven() || then(s, field, v) }
}

// objectOr accepts an object, as typeof does, but not null. A list is an object.
func objectOr(message string) check {
	return func(s *scope, field string, v *tree.Value) bool {
		return v.IsObject() || s.fail(v, message, slots{field: field, value: tree.Stringify(v), typ: v.Typeof()})
	}
}

// tableOr accepts an object that is no list and not null.
func tableOr(message string) check {
	return func(s *scope, field string, v *tree.Value) bool {
		return v.IsRecord() ||
			s.fail(v, message, slots{field: field, value: tree.Stringify(v), typ: v.Typeof(), hint: s.hintBrackets(field, v)})
	}
}

// isName checks the name of a Worker.
func isName(s *scope, field string, v *tree.Value) bool {
	if v == nil || v.Is(tree.Text) && (v.Str == "" || v.Str[0] != '-' && strings.Trim(v.Str, "abcdefghijklmnopqrstuvwxyz0123456789_-") == "") {
		return true
	}
	hint := ""
	if v.Is(tree.Text) {
		hint = `write "` + Slug(v.Str) + `"`
	}
	return s.fail(v, msgName, slots{field: field, value: tree.Stringify(v), hint: hint})
}

// Slug makes a valid name of a Worker from any text.
func Slug(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	if s = strings.Trim(s, "-"); s == "" {
		return "worker"
	}
	return s
}

// isoDates matches what JavaScript's Date reads as ISO 8601. It gives every month 31 days: to
// JavaScript 30 February is 2 March. workerd refuses such a date at the start.
//
// Source: https://tc39.es/ecma262/#sec-date-time-string-format
var isoDates = regexp.MustCompile(`^(\d{4}|[+-]\d{6})(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?` +
	`([Tt](([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?|24:00(:00(\.0+)?)?)([Zz]|[+-]([01]\d|2[0-3]):?[0-5]\d)?)?$`)

// isCompatibilityDate accepts an ISO 8601 date. Wrangler's reader also accepts the older
// forms of browsers, such as "Jan 2, 2026", and its dev command then refuses to start.
func isCompatibilityDate(s *scope, field string, v *tree.Value) bool {
	if v == nil {
		return true
	}
	if !v.Is(tree.Text) {
		hint := ""
		if v.Is(tree.Date) {
			hint = s.hintQuotes(field, v)
		} else if v.Is(tree.Number) {
			hint = `write the date as a string: "2026-01-31"`
		}
		return s.fail(v, msgType, slots{field: field, typ: "string", value: tree.Stringify(v), hint: hint})
	}
	ok := true
	if strings.ContainsAny(v.Str, "–—") {
		ok = s.fail(v, msgDateDashes, slots{field: field})
	}
	if !isoDates.MatchString(strings.NewReplacer("–", "-", "—", "-").Replace(v.Str)) {
		ok = s.fail(v, msgDate, slots{field: field, value: tree.Stringify(v)})
	}
	return ok
}

// isPort checks a port. Wrangler accepts any number, and then cannot listen.
func isPort(s *scope, field string, v *tree.Value) bool {
	if !isNumber(s, field, v) || v == nil {
		return v == nil
	}
	if v.Num != math.Trunc(v.Num) || v.Num < 0 || v.Num > math.MaxUint16 {
		return s.fail(v, "port {value} is out of range", slots{value: tree.Stringify(v),
			hint: "ports are whole numbers from 0 to 65535, and 0 is any free one"})
	}
	return true
}

// integer reports whether a value is a whole number in a range.
func integer(v *tree.Value, least, most float64) bool {
	return v.Is(tree.Number) && v.Num == math.Trunc(v.Num) && v.Num >= least && v.Num <= most
}
