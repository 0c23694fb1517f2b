package config

import (
	"slices"
	"strings"
)

// artifactsEvents are the events of triggers.events.
var artifactsEvents = strings.Fields(`cf.artifacts.repo.created cf.artifacts.repo.deleted cf.artifacts.repo.forked
	cf.artifacts.repo.imported cf.artifacts.repo.pushed cf.artifacts.repo.cloned cf.artifacts.repo.fetched
	cf.artifacts.repo.token.created cf.artifacts.repo.token.revoked`)

// isTriggers checks triggers.
func isTriggers(s *scope, field string, v *value) bool {
	if !v.given() {
		return true
	}
	if !v.record() {
		return s.fail(v, msgType, slots{field: field, typ: "object", value: stringify(v)})
	}
	ok := true
	for _, key := range []string{"crons", "events"} {
		if x := v.get(key); x != nil && !x.is(list) {
			ok = s.fail(x, msgCronsArray, slots{field: field + "." + key, value: stringify(v)})
		}
	}
	if events := v.get("events"); events.is(list) {
		ok = s.in(v).items(field+".events", events, until(tableOr(msgEventObject), isEvent)) && ok
	}
	return s.unknown(field, v, "crons", "events") && ok
}

func isEvent(s *scope, field string, v *value) bool {
	ok, inner := true, s.in(v)
	if kind := v.get("type"); !slices.Contains(artifactsEvents, kind.text()) {
		ok = inner.fail(kind, msgEventType, slots{field: field + ".type", value: stringify(kind)})
	}
	if filter := v.get("filter"); filter != nil && !filter.record() {
		ok = inner.fail(filter, msgEventObject, slots{field: field + ".filter", value: stringify(filter)})
	} else {
		for _, m := range filter.entries() {
			if m.key != "namespace" && m.key != "repo_name" || m.value.text() == "" {
				ok = inner.fail(filter, msgEventFilter, slots{field: field + ".filter", value: stringify(filter)})
				break
			}
		}
	}
	if targets := v.get("targets"); !targets.is(list) || len(targets.items) == 0 {
		ok = inner.fail(targets, msgEventTargets, slots{field: field + ".targets", value: stringify(targets)})
	} else {
		ok = inner.items(field+".targets", targets, func(s *scope, field string, v *value) bool {
			if !v.record() || v.get("type").text() != "workflow" || v.get("workflow_name").text() == "" {
				return s.fail(v, msgWorkflowTarget, slots{field: field, value: stringify(v)})
			}
			s.unknown(field, v, "type", "workflow_name")
			return true
		}) && ok
	}
	s.unknown(field, v, "type", "filter", "targets")
	return ok
}
