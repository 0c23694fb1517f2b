package config

import (
	"slices"
	"strings"
)

// isInstrumentation checks dependencies_instrumentation.
var isInstrumentation = optional(until(isObject, func(s *scope, field string, v *value) bool {
	if v.is(null) {
		return s.crash(v, field+" is null: it is an object")
	}
	return all(
		fieldsOf(named{"enabled", isBoolean}, named{"exclude_packages", arrayOf("string")}),
		known("enabled", "exclude_packages"),
	)(s, field, v)
}))

// isAccount checks account_id, which is ignored if it is empty.
func isAccount(s *scope, field string, v *value) bool {
	return s.ignoreEmpty(field, v) || isString(s, field, v)
}

// ignoreEmpty takes an empty string away.
func (s *scope) ignoreEmpty(field string, v *value) bool {
	if !v.is(text) || v.str != "" {
		return false
	}
	s.warn(v, msgEmptyIgnored, slots{field: field})
	s.raw.put(field, nil)
	return true
}

// isRoute checks route.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#types-of-routes
func isRoute(s *scope, field string, v *value) bool {
	if v == nil || s.ignoreEmpty(field, v) || routeShape(v) {
		return true
	}
	return s.fail(v, msgRoute, slots{field: field, value: stringify(v)})
}

// isRoutes checks routes, and that an environment does not take the top level's domains.
func isRoutes(s *scope, field string, v *value) bool {
	if v == nil {
		if s.top != nil {
			s.warnCustomDomains(field)
		}
		return true
	}
	ok := true
	if !v.is(list) {
		ok = s.fail(v, msgArray, slots{field: field, value: stringify(v)})
	} else {
		bad := &value{kind: list}
		for _, x := range v.items {
			if !routeShape(x) {
				bad.items = append(bad.items, x)
			}
		}
		if len(bad.items) > 0 {
			ok = s.fail(bad.items[0], msgRoutes, slots{field: field, value: string(jsonStyle{indent: "  "}.append(nil, bad, 0))})
		}
	}
	if s.raw.get("route") != nil {
		ok = s.fail(keyOf(v), msgExclusive, slots{value: `["routes","route"]`})
	}
	return ok
}

func (s *scope) warnCustomDomains(field string) {
	routes := s.top.get(field)
	if routes != nil && !routes.is(list) {
		s.crash(routes, field+" at the top level is not a list")
		return
	}
	var domains []string
	if routes != nil {
		for _, x := range routes.items {
			if custom := x.get("custom_domain"); custom.is(boolean) && custom.bool {
				domains = append(domains, jsString(x.get("pattern")))
			}
		}
	}
	if domains != nil {
		s.warn(nil, msgCustomDomains, slots{key: s.name, value: strings.Join(domains, ", ")})
	}
}

// routeShape reports whether a value is a route: a pattern, or one with its zone.
func routeShape(v *value) bool {
	if v.is(text) {
		return v.str != ""
	}
	if !v.record() || !v.get("pattern").is(text) {
		return false
	}
	has := func(key string, k kind) bool { return v.get(key).is(k) }
	id, zone, custom := has("zone_id", text), has("zone_name", text), has("custom_domain", boolean)
	enabled, previews := has("enabled", boolean), has("previews_enabled", boolean)
	recognised := 0
	for _, ok := range []bool{id, zone, custom, enabled, previews} {
		if ok {
			recognised++
		}
	}
	return recognised == len(v.members)-1 && !(id && zone) && (custom || !enabled && !previews) && (id || zone || custom)
}

// isBuild checks the custom build.
var isBuild = all(
	known("command", "cwd", "watch_dir"),
	fieldsOf(
		named{"command", isString},
		named{"cwd", isString},
		named{"watch_dir", func(s *scope, field string, v *value) bool {
			if v.is(list) {
				return arrayOf("string")(s, field, v)
			}
			return isString(s, field, v)
		}},
	),
)

// isRules checks the rules of modules.
var isRules = pathed(listOf(msgFieldArray, until(objectOr(msgObject), all(
	rule("type", func(v *value) bool {
		return slices.Contains([]string{"ESModule", "CommonJS", "CompiledWasm", "Text", "Data"}, v.text())
	}, "", msgRuleType),
	func(s *scope, field string, v *value) bool {
		globs := v.get("globs")
		if globs == nil {
			return s.in(v).fail(nil, msgTypedArray, slots{field: field + ".globs", typ: "string", value: "undefined"})
		}
		return arrayOf("string")(s, field+".globs", globs)
	},
	may("fallthrough", "boolean", msgRuleFallthrough),
))))

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

// isAssets checks assets.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#assets
var isAssets = optional(until(objectOr(msgAssetsObject), all(
	fieldsOf(
		named{"directory", isString},
		named{"binding", isString},
		named{"html_handling", until(isString, oneOf("auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"))},
		named{"not_found_handling", until(isString, oneOf("single-page-application", "404-page", "none"))},
		named{"base_path", isString},
		named{"run_worker_first", func(s *scope, field string, v *value) bool {
			switch {
			case v == nil, v.is(boolean):
				return true
			case v.is(list):
				return arrayOf("string")(s, "assets.run_worker_first", v)
			}
			return s.fail(v, msgRunWorkerFirst, slots{field: field, value: stringify(v)})
		}},
	),
	known("directory", "binding", "html_handling", "not_found_handling", "base_path", "run_worker_first"),
)))

// isLimits checks limits.
func isLimits(s *scope, field string, v *value) bool {
	if !v.truthy() {
		return true
	}
	return fieldsOf(named{"cpu_ms", isNumber}, named{"subrequests", isNumber})(s, field, v)
}

// isPlacement checks placement, which is smart or targeted.
func isPlacement(s *scope, field string, v *value) bool {
	if v == nil {
		return true
	}
	if !tableOr(msgFieldObject)(s, field, v) {
		return false
	}
	var targeted []string
	for _, key := range []string{"region", "host", "hostname"} {
		if v.get(key) != nil {
			targeted = append(targeted, key)
		}
	}
	mode, hint := v.get("mode"), v.get("hint")
	modeOf := func(choices ...string) check { return required(until(isString, oneOf(choices...))) }
	inner := s.in(v)
	switch {
	case hint != nil && targeted != nil:
		return s.fail(keyOf(hint), msgPlacementBoth, slots{field: field})
	case hint != nil:
		modeOf("off", "smart")(inner, field+".mode", mode)
		if !hint.is(text) {
			s.fail(hint, msgPlacementHint, slots{field: field, value: jsString(mode)})
		}
		if hint.truthy() && mode.text() != "smart" {
			s.fail(hint, msgPlacementSmart, slots{field: field})
		}
	case targeted != nil:
		optional(modeOf("targeted"))(inner, field+".mode", mode)
		var quoted []string
		for _, key := range targeted {
			x := v.get(key)
			isString(inner, field+"."+key, x)
			if x.is(text) && x.str == "" {
				s.fail(x, msgNotEmpty, slots{field: field + "." + key})
			}
			quoted = append(quoted, `"`+key+`"`)
		}
		if len(targeted) > 1 {
			s.fail(keyOf(v.get(targeted[1])), msgPlacementFields, slots{field: field, value: strings.Join(quoted, ", ")})
		}
	default:
		modeOf("off", "smart", "targeted")(inner, field+".mode", mode)
		if mode.text() == "targeted" {
			atLeastOne("string", "region", "host", "hostname")(inner, field, v)
		}
	}
	return true
}

// atLeastOne asks that one of some keys, with dots for keys inside, has a type.
func atLeastOne(typ string, keys ...string) check {
	return func(s *scope, field string, v *value) bool {
		var names []string
		given := false
		values := make([]*value, len(keys))
		for i, key := range keys {
			values[i] = v
			for part := range strings.SplitSeq(key, ".") {
				values[i] = values[i].get(part)
			}
			names = append(names, `"`+field+"."+key+`"`)
			given = given || values[i] != nil
			if values[i].typeof() == typ && values[i] != nil {
				return true
			}
		}
		if !given {
			return s.in(v).fail(nil, msgAtLeastOne, slots{value: strings.Join(names, " or ")})
		}
		for i, key := range keys {
			s.fail(values[i], msgType, slots{field: field + "." + key, typ: typ, value: stringify(values[i])})
		}
		return false
	}
}

// isContainers checks no more of containers than that they are a list: there are none on this machine.
func isContainers(s *scope, _ string, v *value) bool {
	return !v.truthy() || v.is(list) || s.fail(v, `"containers" field should be an array, but got {value}`, slots{value: stringify(v)})
}

var (
	isTailConsumer = until(objectOr(msgObject),
		fieldsOf(named{"service", required(isString)}),
		fieldsOf(named{"environment", isString}))
	isStreamingTailConsumer = until(tableOr(msgObject), fieldsOf(named{"service", required(isString)}))

	isAccess = all(
		fieldsOf(named{"dev", isObject}),
		known("dev"),
		fieldsOf(named{"dev", func(s *scope, field string, v *value) bool {
			if !v.object() {
				return true
			}
			return all(
				fieldsOf(named{"aud", required(isString)}, named{"identity", isObject}),
				known("aud", "identity"),
			)(s, field, v)
		}}),
	)

	isCache = all(
		fieldsOf(named{"enabled", required(isBoolean)}, named{"cross_version_cache", isBoolean}),
		known("enabled", "cross_version_cache"),
	)
)

// isObservability checks observability.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#observability
func isObservability(s *scope, field string, v *value) bool {
	ok := all(
		atLeastOne("boolean", "enabled", "logs.enabled", "traces.enabled", "issues.enabled"),
		fieldsOf(
			named{"head_sampling_rate", isNumber},
			named{"redact_query_string", isBoolean},
			named{"issues", optional(tableOr(msgObject))},
			named{"logs", isObject},
			named{"traces", isObject},
		),
		known("enabled", "head_sampling_rate", "redact_query_string", "issues", "logs", "traces"),
	)(s, field, v)
	inner := s.in(v)
	if issues := v.get("issues"); issues.record() {
		ok = all(fieldsOf(named{"enabled", isBoolean}), known("enabled"))(inner, field+".issues", issues) && ok
	}
	for _, part := range []struct {
		key  string
		more []named
		keys []string
	}{
		{"logs", []named{{"invocation_logs", isBoolean}}, []string{"enabled", "head_sampling_rate", "invocation_logs", "destinations", "persist"}},
		{"traces", nil, []string{"enabled", "head_sampling_rate", "destinations", "persist"}},
	} {
		x := v.get(part.key)
		if x.is(null) {
			ok = inner.crash(x, field+"."+part.key+" is null: it is an object")
		}
		if !x.object() {
			continue
		}
		checks := append([]named{{"enabled", isBoolean}, {"head_sampling_rate", isNumber}}, part.more...)
		ok = fieldsOf(checks...)(inner, field+"."+part.key, x) && ok
		ok = arrayOf("string")(inner.in(x), part.key+".destinations", x.get("destinations")) && ok
		ok = fieldsOf(named{"persist", isBoolean})(inner, field+"."+part.key, x) && ok
		ok = s.unknown(field, x, part.keys...) && ok
	}
	for _, part := range []struct {
		at string
		x  *value
	}{{field, v}, {field + ".logs", v.get("logs")}, {field + ".traces", v.get("traces")}} {
		if rate := part.x.get("head_sampling_rate"); rate.is(number) && (rate.num < 0 || rate.num > 1) {
			s.fail(rate, msgSamplingRate, slots{field: part.at + ".head_sampling_rate"})
		}
	}
	return ok
}
