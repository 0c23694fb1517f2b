package schema

import (
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// artifactsEvents are the events of triggers.events.
var artifactsEvents = strings.Fields(`cf.artifacts.repo.created cf.artifacts.repo.deleted cf.artifacts.repo.forked
	cf.artifacts.repo.imported cf.artifacts.repo.pushed cf.artifacts.repo.cloned cf.artifacts.repo.fetched
	cf.artifacts.repo.token.created cf.artifacts.repo.token.revoked`)

// isTriggers checks triggers.
func isTriggers(s *scope, field string, v *tree.Value) bool {
	if !v.IsRecord() {
		return s.fail(v, msgType, slots{field: field, typ: "object", value: tree.Stringify(v)})
	}
	ok := true
	for _, key := range []string{"crons", "events"} {
		if x := v.Get(key); x != nil && !x.Is(tree.List) {
			ok = s.fail(x, msgCronsArray, slots{field: field + "." + key, value: tree.Stringify(v)})
		}
	}
	if events := v.Get("events"); events.Is(tree.List) {
		ok = s.in(v).items(field+".events", events, until(tableOr(msgEventObject), isEvent)) && ok
	}
	return s.unknown(field, v, "crons", "events") && ok
}

func isEvent(s *scope, field string, v *tree.Value) bool {
	ok, inner := true, s.in(v)
	if kind := v.Get("type"); !slices.Contains(artifactsEvents, kind.Text()) {
		ok = inner.fail(kind, msgEventType, slots{field: field + ".type", value: tree.Stringify(kind)})
	}
	if filter := v.Get("filter"); filter != nil && !filter.IsRecord() {
		ok = inner.fail(filter, msgEventObject, slots{field: field + ".filter", value: tree.Stringify(filter)})
	} else {
		for _, m := range filter.Entries() {
			if m.Key != "namespace" && m.Key != "repo_name" || m.Value.Text() == "" {
				ok = inner.fail(filter, msgEventFilter, slots{field: field + ".filter", value: tree.Stringify(filter)})
				break
			}
		}
	}
	if targets := v.Get("targets"); !targets.Is(tree.List) || len(targets.Items) == 0 {
		ok = inner.fail(targets, msgEventTargets, slots{field: field + ".targets", value: tree.Stringify(targets)})
	} else {
		ok = inner.items(field+".targets", targets, func(s *scope, field string, v *tree.Value) bool {
			if !v.IsRecord() || v.Get("type").Text() != "workflow" || v.Get("workflow_name").Text() == "" {
				return s.fail(v, msgWorkflowTarget, slots{field: field, value: tree.Stringify(v)})
			}
			s.unknown(field, v, "type", "workflow_name")
			return true
		}) && ok
	}
	s.unknown(field, v, "type", "filter", "targets")
	return ok
}
