package config

import (
	"regexp"
	"slices"
	"strings"
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

func workflowName(v *value) bool { return v.is(text) && workflowNames64.MatchString(v.str) }

// workflowSettings checks what a binding and an export of a workflow share.
func workflowSettings(kind string) check {
	return all(
		func(s *scope, field string, v *value) bool { return isSchedules(s, field, kind, v) },
		workflowTable(kind, "limits", []string{"steps"}, func(s *scope, field string, limits *value) bool {
			steps := limits.get("steps")
			switch fills := (slots{field: field, typ: kind, got: stringify(steps)}); {
			case steps == nil:
			case !integer(steps, 1, anyInteger):
				return s.fail(steps, msgWorkflowSteps, fills)
			case steps.num > 25000:
				s.warn(steps, msgWorkflowMaxSteps, fills)
			}
			return true
		}),
		workflowTable(kind, "default_retention", []string{"success_retention", "error_retention"}, func(s *scope, field string, retention *value) bool {
			ok := true
			for _, key := range []string{"success_retention", "error_retention"} {
				if x := retention.get(key); x != nil && !integer(x, 1, anyInteger) && x.text() == "" {
					ok = s.fail(x, msgRetention, slots{field: field, typ: kind, key: key, got: stringify(x)})
				}
			}
			return ok
		}),
		workflowTable(kind, "concurrency", []string{"limit"}, func(s *scope, field string, concurrency *value) bool {
			limit := concurrency.get("limit")
			return limit == nil || integer(limit, 1, anyInteger) ||
				s.fail(limit, msgConcurrency, slots{field: field, typ: kind, got: stringify(limit)})
		}),
		rule("jurisdiction", func(v *value) bool {
			return v == nil || v.text() == "eu" || v.text() == "fedramp" || v.text() == "us"
		}, kind, msgJurisdiction),
	)
}

// workflowTable checks one of a workflow's tables.
func workflowTable(kind, key string, keys []string, inside check) check {
	return func(s *scope, field string, v *value) bool {
		x := v.get(key)
		if x == nil {
			return true
		}
		if !x.record() {
			return s.fail(x, msgWorkflowObject, slots{field: field, typ: kind, key: key, value: stringify(v)})
		}
		ok := inside(s.in(x), field, x)
		s.unknown(field+"."+key, x, keys...)
		return ok
	}
}

func isSchedules(s *scope, field, kind string, v *value) bool {
	schedules := v.get("schedules")
	fills := slots{field: field, typ: kind, value: stringify(v)}
	switch {
	case schedules == nil, schedules.is(text) && schedules.str != "":
		return true
	case schedules.is(text):
		return s.fail(schedules, msgSchedulesEmpty, fills)
	case !schedules.is(list):
		return s.fail(schedules, msgSchedules, fills)
	case len(schedules.items) == 0:
		return s.fail(schedules, msgSchedulesNone, fills)
	}
	empty := false
	for _, x := range schedules.items {
		if !x.is(text) {
			return s.fail(x, msgSchedules, fills)
		}
		empty = empty || x.str == ""
	}
	return !empty || s.fail(schedules, msgSchedulesEmpties, fills)
}

// uniqueNames asks that the entries of a list have different names.
func uniqueNames(s *scope, field string, v *value) bool {
	if !v.is(list) {
		return true
	}
	count := map[string]int{}
	var names []*value
	for i, x := range v.items {
		if x.is(null) {
			return s.crash(x, indexed(field, i)+" is null: a workflow is an object")
		}
		name := x.get("name")
		if count[stringify(name)]++; count[stringify(name)] == 1 {
			names = append(names, name)
		}
	}
	names = slices.DeleteFunc(names, func(name *value) bool { return count[stringify(name)] == 1 })
	if len(names) == 0 {
		return true
	}
	parts := make([]string, len(names))
	for i, name := range names {
		if name.given() {
			parts[i] = jsString(name)
		}
	}
	return s.fail(keyOf(v), msgUniqueValues, slots{field: field, value: strings.Join(parts, `", "`)})
}
