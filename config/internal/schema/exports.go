package schema

import (
	"regexp"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// isExports checks exports, the declarative successor of migrations.
//
// Source: https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
func isExports(s *scope, field string, v *tree.Value) bool {
	if v.Is(tree.List) || !v.IsObject() {
		return s.fail(v, msgExportsObject, slots{field: field, value: tree.Stringify(v)})
	}
	ok, inner := true, s.in(v)
	for _, m := range v.Members {
		at := "exports." + m.Key
		switch kind := m.Value.Get("type"); {
		case !m.Value.IsObject():
			ok = inner.fail(m.Value, msgObject, slots{field: at, value: tree.Stringify(m.Value)})
		case kind.Text() == "durable-object":
			ok = isDurableObjectExport(inner.in(m.Value), m.Key, m.Value) && ok
		case kind.Text() == "worker":
			ok = isWorkerExport(inner.in(m.Value), at, m.Value) && ok
		case kind.Text() == "workflow":
			ok = isWorkflowExport(inner.in(m.Value), at, m.Value) && ok
		default:
			hint := diagnostic.DidYouMean(kind.Text(), []string{"durable-object", "worker", "workflow"}, `did you mean "%s"?`)
			ok = inner.in(m.Value).fail(kind, msgExportType, slots{field: at, value: tree.Stringify(kind), hint: hint})
		}
	}
	return ok
}

// exportState says which keys an export has in one of its states.
type exportState struct {
	storage, container bool
	needs              string // a key that must be a string
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

// stateOf is the state of an export. Without one it is created.
func stateOf(v *tree.Value) (name string, state exportState, ok bool) {
	given := v.Get("state")
	if given == nil {
		name = "created"
	} else {
		name = given.Text()
	}
	state, ok = exportStates[name]
	return name, state, ok
}

var identifiers = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// isDurableObjectExport checks an export of a Durable Object class.
func isDurableObjectExport(s *scope, class string, v *tree.Value) bool {
	at, ok := "exports."+class, true
	if class == "" {
		ok = s.fail(nil, msgExportEmptyKey, slots{})
	}
	name, state, known := stateOf(v)
	if !known {
		given := v.Get("state")
		s.fail(given, msgExportState, slots{field: at, value: tree.Stringify(given)})
		return false
	}
	allowed := []string{"type", "state"}
	if state.storage {
		allowed = append(allowed, "storage")
		if storage := v.Get("storage"); storage.Text() != "sqlite" && storage.Text() != "legacy-kv" {
			hint := ""
			if storage == nil {
				hint = `add "storage": "sqlite"`
			}
			ok = s.fail(storage, msgExportStorage, slots{field: at, key: name, value: tree.Stringify(storage), hint: hint})
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
	for _, m := range v.Entries() {
		if !slices.Contains(allowed, m.Key) {
			s.fail(tree.KeyOf(m.Value), msgExportForbidden, slots{field: at, typ: m.Key, key: name})
			forbidden = true
		}
	}
	if forbidden {
		ok = s.fail(nil, msgExportAllowed, slots{value: english(allowed)})
	}
	return ok
}

// isExportTarget checks the key that names another class or Worker.
func isExportTarget(s *scope, class, state, key string, v *tree.Value) bool {
	at, to := "exports."+class, v.Get(key)
	if to.Text() == "" {
		return s.fail(to, msgExportString, slots{field: at, typ: key, key: state})
	}
	ok := true
	if key == "renamed_to" {
		if !identifiers.MatchString(to.Str) {
			ok = s.fail(to, msgExportIdentifier, slots{field: at, value: to.Str})
		}
		if to.Str == class {
			ok = s.fail(to, msgExportSelf, slots{field: at, value: class})
		}
	}
	return ok
}

func isExportContainer(s *scope, at string, v *tree.Value) bool {
	container := v.Get("container")
	switch {
	case container == nil:
		return true
	case container.Text() == "":
		return s.fail(container, msgExportContainer, slots{field: at, value: tree.Stringify(container)})
	case v.Get("storage").Text() == "legacy-kv":
		return s.fail(container, msgExportContainerK, slots{field: at})
	}
	return true
}

var isWorkerExport = all(
	known("type", "cache"),
	fieldsOf(named{"cache", optional(until(tableOr(msgObject), only(named{"enabled", required(isBoolean)})))}),
)

var isWorkflowExport = all(
	fieldsOf(named{"name", required(isString)}),
	func(s *scope, field string, v *tree.Value) bool {
		name := v.Get("name")
		return !name.Is(tree.Text) || workflowName(name) || s.fail(name, msgWorkflowExportName, slots{field: field})
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
