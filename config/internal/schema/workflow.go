package schema

import (
	"regexp"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// isWorkflow checks a binding of workflows.
//
// Source: https://developers.cloudflare.com/workflows/
var isWorkflow = until(objectOr(msgObjects("workflows")), all(
	must("binding", msgStrings),
	until(
		must("name", msgStrings),
		rule("name", workflowName, "", msgWorkflowName),
	),
	must("class_name", msgStrings),
	may("script_name", "string", msgOptional),
	workflowSettings("bindings"),
	known("binding", "name", "class_name", "script_name", "limits", "concurrency", "schedules", "default_retention", "jurisdiction"),
))

var workflowNames64 = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9-_]{0,63}$`)

func workflowName(v *tree.Value) bool { return v.Is(tree.Text) && workflowNames64.MatchString(v.Str) }

// workflowSettings checks the keys that both a binding and an export of a workflow have. kind is
// Wrangler's word for which of the two it is.
func workflowSettings(kind string) check {
	return all(
		func(s *scope, field string, v *tree.Value) bool { return isSchedules(s, field, kind, v) },
		workflowTable(kind, "limits", []string{"steps"}, func(s *scope, field string, limits *tree.Value) bool {
			steps := limits.Get("steps")
			switch fills := (slots{field: field, typ: kind, got: tree.Stringify(steps)}); {
			case steps == nil:
			case !integer(steps, 1, anyInteger):
				return s.fail(steps, msgWorkflowSteps, fills)
			case steps.Num > 25000:
				s.warn(steps, msgWorkflowMaxSteps, fills)
			}
			return true
		}),
		workflowTable(kind, "default_retention", []string{"success_retention", "error_retention"}, func(s *scope, field string, retention *tree.Value) bool {
			ok := true
			for _, key := range []string{"success_retention", "error_retention"} {
				if x := retention.Get(key); x != nil && !integer(x, 1, anyInteger) && x.Text() == "" {
					ok = s.fail(x, msgRetention, slots{field: field, typ: kind, key: key, got: tree.Stringify(x)})
				}
			}
			return ok
		}),
		workflowTable(kind, "concurrency", []string{"limit"}, func(s *scope, field string, concurrency *tree.Value) bool {
			limit := concurrency.Get("limit")
			return limit == nil || integer(limit, 1, anyInteger) ||
				s.fail(limit, msgConcurrency, slots{field: field, typ: kind, got: tree.Stringify(limit)})
		}),
		rule("jurisdiction", func(v *tree.Value) bool {
			return v == nil || v.Text() == "eu" || v.Text() == "fedramp" || v.Text() == "us"
		}, kind, msgJurisdiction),
	)
}

// workflowTable checks a key of a workflow whose value is a table with some keys.
func workflowTable(kind, key string, keys []string, inside check) check {
	return func(s *scope, field string, v *tree.Value) bool {
		x := v.Get(key)
		if x == nil {
			return true
		}
		if !x.IsRecord() {
			return s.fail(x, msgWorkflowObject, slots{field: field, typ: kind, key: key, value: tree.Stringify(v)})
		}
		ok := inside(s.in(x), field, x)
		s.unknown(field+"."+key, x, keys...)
		return ok
	}
}

func isSchedules(s *scope, field, kind string, v *tree.Value) bool {
	schedules := v.Get("schedules")
	fills := slots{field: field, typ: kind, value: tree.Stringify(v)}
	switch {
	case schedules == nil, schedules.Is(tree.Text) && schedules.Str != "":
		return true
	case schedules.Is(tree.Text):
		return s.fail(schedules, msgSchedulesEmpty, fills)
	case !schedules.Is(tree.List):
		return s.fail(schedules, msgSchedules, fills)
	case len(schedules.Items) == 0:
		return s.fail(schedules, msgSchedulesNone, fills)
	}
	empty := false
	for _, x := range schedules.Items {
		if !x.Is(tree.Text) {
			return s.fail(x, msgSchedules, fills)
		}
		empty = empty || x.Str == ""
	}
	return !empty || s.fail(schedules, msgSchedulesEmpties, fills)
}

// uniqueNames refuses two entries of a list with one name.
func uniqueNames(s *scope, field string, v *tree.Value) bool {
	if !v.Is(tree.List) {
		return true
	}
	count := map[string]int{}
	var names []*tree.Value
	for i, x := range v.Items {
		if x.Is(tree.Null) {
			return s.crash(x, indexed(field, i)+" is null: a workflow is an object")
		}
		name := x.Get("name")
		if count[tree.Stringify(name)]++; count[tree.Stringify(name)] == 1 {
			names = append(names, name)
		}
	}
	names = slices.DeleteFunc(names, func(name *tree.Value) bool { return count[tree.Stringify(name)] == 1 })
	if len(names) == 0 {
		return true
	}
	parts := make([]string, len(names))
	for i, name := range names {
		if name.IsGiven() {
			parts[i] = tree.ToString(name)
		}
	}
	return s.fail(tree.KeyOf(v), msgUniqueValues, slots{field: field, value: strings.Join(parts, `", "`)})
}
