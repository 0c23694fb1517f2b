package schema

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Checks of a key of a table. Their messages quote the whole table.

// rule accepts a table if ok accepts the value of a key, which is nil if the key is missing.
func rule(key string, ok func(v *tree.Value) bool, typ, message string) check {
	return func(s *scope, field string, v *tree.Value) bool {
		x := v.Get(key)
		if ok(x) {
			return true
		}
		at := x
		if at == nil { // the table that lacks the key
			at = v
		}
		return s.fail(at, message, slots{field: field, key: key, value: tree.Stringify(v), got: tree.Stringify(x), typ: typ})
	}
}

// must accepts a table in which the key is a string.
func must(key, message string) check {
	return rule(key, func(v *tree.Value) bool { return v.Is(tree.Text) }, "string", message)
}

// may accepts a table in which the key is missing or of a type.
func may(key, typ, message string) check {
	return rule(key, func(v *tree.Value) bool { return v == nil || v.Typeof() == typ }, typ, message)
}

// mayText accepts a table in which the key is missing or a string that is not empty.
func mayText(key, message string) check {
	return rule(key, func(v *tree.Value) bool { return v == nil || v.Is(tree.Text) && v.Str != "" }, "string", message)
}

// isRemote checks the key remote, which most bindings have.
var isRemote = may("remote", "boolean", msgShouldOptional)

// binding checks one binding: it is an object, it keeps the rules, and it has no other keys. A
// binding without keys may have any.
func binding(notObject string, rules check, keys ...string) check {
	if keys != nil {
		rules = all(rules, known(keys...))
	}
	return until(objectOr(notObject), rules)
}

// listOf checks a list and its items.
func listOf(message string, item check) check {
	return func(s *scope, field string, v *tree.Value) bool {
		if !v.IsTruthy() {
			return true
		}
		if !v.Is(tree.List) {
			return s.fail(v, message, slots{field: field, value: tree.Stringify(v), hint: s.hintBrackets(field, v)})
		}
		return s.in(v).items(field, v, item)
	}
}

// pathed runs a check whose messages name the environment of the field.
func pathed(then check) check {
	return func(s *scope, field string, v *tree.Value) bool { return then(s, s.path(field), v) }
}

// bindings checks a list of bindings. It warns if an environment lacks a binding of the top
// level.
func bindings(item check) check {
	return func(s *scope, field string, v *tree.Value) bool {
		if v == nil {
			return true
		}
		path := s.path(field)
		if !v.Is(tree.List) {
			return s.fail(v, msgFieldArray, slots{field: path, value: tree.Stringify(v), hint: s.hintBrackets(path, v)})
		}
		ok := s.in(v).items(path, v, item)
		if s.top == nil || !s.top.Get(field).Is(tree.List) {
			return ok
		}
		warnMissingBinding(s, field, v)
		return ok
	}
}

// bindingsOf checks a table whose key bindings is a list. Each binding has a report of its own.
func bindingsOf(item check) check {
	return func(s *scope, field string, v *tree.Value) bool {
		path := s.path(field)
		entries := v.Get("bindings")
		switch {
		case v == nil:
			return true
		case !v.IsRecord():
			return s.fail(v, msgFieldObject, slots{field: path, value: tree.Stringify(v), hint: s.hintBrackets(path, v)})
		case entries == nil:
			return s.in(v).fail(nil, msgNoBindings, slots{field: path})
		case !entries.Is(tree.List):
			return s.fail(entries, msgFieldArray, slots{field: path + ".bindings", value: tree.Stringify(entries), hint: s.hintBrackets(path+".bindings", entries)})
		}
		ok := true
		for i, x := range entries.Items {
			at := path + ".bindings[" + strconv.Itoa(i) + "]"
			inner := s.in(entries).below(`"` + at + `": ` + tree.Stringify(x))
			ok = item(inner, at, x) && ok
			s.adopt(inner)
		}
		if ok && s.top != nil {
			warnMissingBindings(s, field, v)
		}
		return ok
	}
}

// warnMissingBinding warns of each binding of the top level that an environment lacks.
// Wrangler compares names with a Set: two equal strings or numbers are the same, two
// objects or lists never are.
func warnMissingBinding(s *scope, field string, v *tree.Value) {
	above := s.top.Get(field)
	for _, list := range []*tree.Value{above, v} {
		for _, x := range list.Items {
			// Wrangler reads x.binding without a check, unless there is nothing to compare.
			if len(above.Items) > 0 && x.Is(tree.Null) {
				s.crash(x, field+" holds null: a binding is an object")
				return
			}
		}
	}
	same := func(x *tree.Value) (key string, comparable bool) {
		return x.Typeof() + " " + tree.ToString(x), !x.IsObject()
	}
	have := map[string]bool{}
	for _, x := range v.Items {
		if key, ok := same(x.Get("binding")); ok {
			have[key] = true
		}
	}
	for _, x := range above.Items {
		name := x.Get("binding")
		if key, _ := same(name); name.IsObject() || !have[key] {
			s.warn(tree.KeyOf(v), msgMissingBinding, slots{field: field, key: s.name, value: tree.ToString(name)})
		}
	}
}

// warnMissingBindings warns of the names that the top level binds and an environment does not.
func warnMissingBindings(s *scope, field string, v *tree.Value) {
	have := map[string]bool{}
	for _, name := range bindingNames(v) {
		have[name] = true
	}
	var missing []string
	for _, name := range bindingNames(s.top.Get(field)) {
		if !have[name] {
			missing = append(missing, "- "+name)
		}
	}
	if missing != nil {
		s.warn(tree.KeyOf(v), msgMissingBindings, slots{field: s.path(field), key: s.name, typ: field, value: strings.Join(missing, "\n")})
	}
}

// bindingNames lists the names that a field binds, as Wrangler reads them. A table of an
// unknown shape binds its keys.
func bindingNames(v *tree.Value) []string {
	var names []string
	switch entries := v.Get("bindings"); {
	case v.Is(tree.List):
		for _, x := range v.Items {
			if !x.IsRecord() || !x.Get("binding").Is(tree.Text) {
				return nil
			}
			names = append(names, x.Get("binding").Str)
		}
	case !v.IsRecord():
	case entries.Is(tree.List) && !slices.ContainsFunc(entries.Items, func(x *tree.Value) bool { return !x.IsRecord() || !x.Get("name").Is(tree.Text) }):
		for _, x := range entries.Items {
			names = append(names, x.Get("name").Str)
		}
	case v.Get("binding") != nil:
		names = append(names, tree.ToString(v.Get("binding")))
	default:
		for _, m := range v.Members {
			if m.Value != nil {
				names = append(names, m.Key)
			}
		}
	}
	return names
}

// whole accepts a whole number in a range, as a condition for rule.
func whole(least, most float64) func(v *tree.Value) bool {
	return func(v *tree.Value) bool { return integer(v, least, most) }
}

var anyInteger = math.Inf(1)
