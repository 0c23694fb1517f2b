package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"regexp"
	"slices"
	"strings"
)

// isExports checks exports, the declarative successor of migrations.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
func isExports(s *scope, field string, v *value) bool {
	if !v.given() {
		return true
	}
	if v.is(list) || !v.object() {
		return s.fail(v, msgExportsObject, slots{field: field, value: stringify(v)})
	}
	ok, inner := true, s.in(v)
	for _, m := range v.members {
		at := "exports." + m.key
		switch kind := m.value.get("type"); {
		case !m.value.object():
			ok = inner.fail(m.value, msgObject, slots{field: at, value: stringify(m.value)})
		case kind.text() == "durable-object":
			ok = isDurableObjectExport(inner.in(m.value), m.key, m.value) && ok
		case kind.text() == "worker":
			ok = isWorkerExport(inner.in(m.value), at, m.value) && ok
		case kind.text() == "workflow":
			ok = isWorkflowExport(inner.in(m.value), at, m.value) && ok
		default:
			ok = inner.in(m.value).fail(kind, msgExportType, slots{field: at, value: stringify(kind)})
			if near := diagnostic.Suggest(kind.text(), []string{"durable-object", "worker", "workflow"}); near != "" {
				inner.hint(`did you mean "` + near + `"?`)
			}
		}
	}
	return ok
}

// exportState is what an export may hold in one of its states.
type exportState struct {
	storage, container bool
	needs              string // a further string
}

var exportStates = map[string]exportState{
	"created":            {storage: true, container: true},
	"deleted":            {},
	"renamed":            {needs: "renamed_to"},
	"transferred":        {needs: "transferred_to"},
	"expecting-transfer": {storage: true, container: true, needs: "transfer_from"},
}

// live reports whether an export of this state has objects.
func (e exportState) live() bool { return e.storage }

// stateOf gives the state of an export, which is created if none is given.
func stateOf(v *value) (name string, state exportState, ok bool) {
	given := v.get("state")
	if given == nil {
		name = "created"
	} else {
		name = given.text()
	}
	state, ok = exportStates[name]
	return name, state, ok
}

var identifiers = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func isDurableObjectExport(s *scope, class string, v *value) bool {
	at, ok := "exports."+class, true
	if class == "" {
		ok = s.fail(nil, msgExportEmptyKey, slots{})
	}
	name, state, known := stateOf(v)
	if !known {
		given := v.get("state")
		s.fail(given, msgExportState, slots{field: at, value: stringify(given)})
		return false
	}
	allowed := []string{"type", "state"}
	if state.storage {
		allowed = append(allowed, "storage")
		if storage := v.get("storage"); storage.text() != "sqlite" && storage.text() != "legacy-kv" {
			ok = s.fail(storage, msgExportStorage, slots{field: at, key: name, value: stringify(storage)})
			if storage == nil {
				s.hint(`add "storage": "sqlite"`)
			}
		}
	}
	if state.needs != "" {
		allowed = append(allowed, state.needs)
		ok = isExportTarget(s, class, name, state.needs, v) && ok
	}
	if state.container {
		allowed = append(allowed, "container")
		ok = isExportContainer(s, at, v) && ok
	}
	forbidden := false
	for _, m := range v.entries() {
		if !slices.Contains(allowed, m.key) {
			s.fail(keyOf(m.value), msgExportForbidden, slots{field: at, typ: m.key, key: name})
			forbidden = true
		}
	}
	if forbidden {
		ok = s.fail(nil, msgExportAllowed, slots{value: english(allowed)})
	}
	return ok
}

func isExportTarget(s *scope, class, state, key string, v *value) bool {
	at, to := "exports."+class, v.get(key)
	if to.text() == "" {
		return s.fail(to, msgExportString, slots{field: at, typ: key, key: state})
	}
	ok := true
	if key == "renamed_to" {
		if !identifiers.MatchString(to.str) {
			ok = s.fail(to, msgExportIdentifier, slots{field: at, value: to.str})
		}
		if to.str == class {
			ok = s.fail(to, msgExportSelf, slots{field: at, value: class})
		}
	}
	return ok
}

func isExportContainer(s *scope, at string, v *value) bool {
	container := v.get("container")
	switch {
	case container == nil:
		return true
	case container.text() == "":
		return s.fail(container, msgExportContainer, slots{field: at, value: stringify(container)})
	case v.get("storage").text() == "legacy-kv":
		return s.fail(container, msgExportContainerK, slots{field: at})
	}
	return true
}

var isWorkerExport = all(
	known("type", "cache"),
	fieldsOf(named{"cache", optional(until(tableOr(msgObject), all(
		fieldsOf(named{"enabled", required(isBoolean)}),
		known("enabled"),
	)))}),
)

var isWorkflowExport = all(
	fieldsOf(named{"name", required(isString)}),
	func(s *scope, field string, v *value) bool {
		name := v.get("name")
		return !name.is(text) || workflowName(name) || s.fail(name, msgWorkflowExportName, slots{field: field})
	},
	workflowSettings("export"),
	known("type", "name", "limits", "concurrency", "schedules", "default_retention", "jurisdiction"),
)

// english joins words as Intl.ListFormat("en-US") does.
func english(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	case 2:
		return words[0] + " and " + words[1]
	default:
		return strings.Join(words[:n-1], ", ") + ", and " + words[n-1]
	}
}
