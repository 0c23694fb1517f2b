package schema

import (
	"math"
	"strconv"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// isDurableObjects checks durable_objects.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#durable-objects
func isDurableObjects(s *scope, field string, v *tree.Value) bool {
	path := s.path(field)
	if !tableOr(msgFieldObject)(s, path, v) {
		return false
	}
	s.unknown(path, v, "bindings", "code_update_strategy")
	ok := true
	if v.Get("bindings") == nil {
		if s.top != nil {
			warnMissingBindings(s, field, &tree.Value{Kind: tree.Table, Start: v.Start, End: v.End, KeyStart: v.KeyStart, KeyEnd: v.KeyEnd,
				Members: []tree.Member{{Key: "bindings", Value: &tree.Value{Kind: tree.List}}}})
		}
	} else {
		ok = bindingsOf(isDurableObjectBinding)(s, field, v)
	}
	return isCodeUpdateStrategy(s.in(v), path+".code_update_strategy", v.Get("code_update_strategy")) && ok
}

var isDurableObjectBinding = until(objectOr(msgBindingObject), all(
	must("name", msgBindingString),
	must("class_name", msgBindingString),
	may("script_name", "string", msgBindingMayStr),
	may("environment", "string", msgBindingMayStr),
	func(s *scope, field string, v *tree.Value) bool {
		environment := v.Get("environment")
		return environment == nil || v.Get("script_name") != nil || s.fail(tree.KeyOf(environment), msgBindingScript, slots{})
	},
	isRemote,
	known("class_name", "environment", "name", "script_name"),
))

var isCodeUpdateStrategy = optional(until(tableOr(msgFieldObject), only(
	named{"mode", required(until(isString, oneOf("immediate", "deferred")))},
	named{"max_delay", until(isNumber, isDelay)},
)))

// isDelay checks a delay: at most a day, in seconds with at most three decimals.
func isDelay(s *scope, field string, v *tree.Value) bool {
	if v == nil {
		return true
	}
	const day = 24 * 60 * 60
	if !(v.Num >= 0 && v.Num <= day) {
		return s.fail(v, msgMaxDelayRange, slots{field: field, value: tree.Stringify(v)})
	}
	ms := v.Num * 1000
	rounded := math.Floor(ms + 0.5) // as JavaScript's Math.round
	if v.Num > 0 && rounded == 0 || math.Abs(ms-rounded) > 1e-6 {
		return s.fail(v, msgMaxDelayMillis, slots{field: field, value: tree.Stringify(v)})
	}
	return true
}

// isMigrations refuses migrations of a wrong shape. Those that cannot be applied are refused by
// package migrations, whose doc names the places.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
func isMigrations(s *scope, field string, v *tree.Value) bool {
	if !v.Is(tree.List) {
		return s.fail(v, msgMigrationsArray, slots{field: field, value: tree.Stringify(v), hint: s.hintBrackets(field, v)})
	}
	ok, inner := true, s.in(v)
	for i, step := range v.Items {
		at := indexed("migrations", i)
		if step.Is(tree.Null) {
			ok = inner.crash(step, at+" is null: a migration is an object with a tag")
			continue
		}
		ok = inner.unknown("migrations", step, "tag", "new_classes", "new_sqlite_classes", "renamed_classes", "deleted_classes", "transferred_classes") && ok
		ok = isMigration(inner.in(step), at, step) && ok
	}
	return ok
}

var isMigration = fieldsOf(
	named{"tag", required(isString)},
	named{"new_classes", arrayOf("string")},
	named{"new_sqlite_classes", arrayOf("string")},
	named{"renamed_classes", classMoves(msgRenamed, "from", "to")},
	named{"transferred_classes", classMoves(msgTransferred, "from", "from_script", "to")},
	named{"deleted_classes", arrayOf("string")},
)

// classMoves accepts a list of objects in which each of these keys is a string.
func classMoves(message string, keys ...string) check {
	return func(s *scope, field string, v *tree.Value) bool {
		if v == nil {
			return true
		}
		bad := !v.Is(tree.List)
		at := v
		for i := 0; i < len(v.Items) && !bad; i++ {
			item := v.Items[i]
			if item.Is(tree.Null) {
				return s.crash(item, indexed(field, i)+" is null: a moved class is an object")
			}
			for _, key := range keys {
				if !bad && !item.Get(key).Is(tree.Text) {
					bad, at = true, item
				}
			}
		}
		return !bad || s.fail(at, message, slots{field: field, value: tree.Stringify(v)})
	}
}

// indexed is the path of an item of a list.
func indexed(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
