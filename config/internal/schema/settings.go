package schema

import (
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// isInstrumentation checks dependencies_instrumentation.
var isInstrumentation = optional(until(isObject, func(s *scope, field string, v *tree.Value) bool {
	if v.Is(tree.Null) {
		return s.crash(v, field+" is null: it is an object")
	}
	return only(named{"enabled", isBoolean}, named{"exclude_packages", arrayOf("string")})(s, field, v)
}))

// isAccount checks account_id.
func isAccount(s *scope, field string, v *tree.Value) bool {
	return s.ignoreEmpty(field, v) || isString(s, field, v)
}

// isTsconfig checks tsconfig. Wrangler joins it to a path, and so fails if it is no string.
func isTsconfig(s *scope, field string, v *tree.Value) bool {
	if v.IsTruthy() && !v.Is(tree.Text) {
		s.crash(v, field+" is not a path")
	}
	return isString(s, field, v)
}

// isBuild checks build.
var isBuild = only(
	named{"command", isString},
	named{"cwd", isString},
	named{"watch_dir", func(s *scope, field string, v *tree.Value) bool {
		if v.Is(tree.List) {
			return arrayOf("string")(s, field, v)
		}
		return isString(s, field, v)
	}},
)

// isRules checks rules.
var isRules = pathed(listOf(msgFieldArray, until(objectOr(msgObject), all(
	rule("type", func(v *tree.Value) bool {
		return slices.Contains([]string{"ESModule", "CommonJS", "CompiledWasm", "Text", "Data"}, v.Text())
	}, "", msgRuleType),
	func(s *scope, field string, v *tree.Value) bool {
		globs := v.Get("globs")
		if globs == nil {
			return s.in(v).fail(nil, msgTypedArray, slots{field: field + ".globs", typ: "string", value: "undefined"})
		}
		return arrayOf("string")(s, field+".globs", globs)
	},
	may("fallthrough", "boolean", msgRuleFallthrough),
))))

// isAssets checks assets.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#assets
var isAssets = optional(until(objectOr(msgAssetsObject), only(
	named{"directory", isString},
	named{"binding", isString},
	named{"html_handling", until(isString, oneOf("auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"))},
	named{"not_found_handling", until(isString, oneOf("single-page-application", "404-page", "none"))},
	named{"base_path", isString},
	named{"run_worker_first", func(s *scope, field string, v *tree.Value) bool {
		switch {
		case v == nil, v.Is(tree.Boolean):
			return true
		case v.Is(tree.List):
			return arrayOf("string")(s, "assets.run_worker_first", v)
		}
		return s.fail(v, msgRunWorkerFirst, slots{field: field, value: tree.Stringify(v)})
	}},
)))

// isLimits checks limits.
func isLimits(s *scope, field string, v *tree.Value) bool {
	if !v.IsTruthy() {
		return true
	}
	return fieldsOf(named{"cpu_ms", isNumber}, named{"subrequests", isNumber})(s, field, v)
}

// isPlacement checks placement, which has a hint if it is smart, and a region or a host if it is
// targeted.
func isPlacement(s *scope, field string, v *tree.Value) bool {
	if !tableOr(msgFieldObject)(s, field, v) {
		return false
	}
	var targeted []string
	for _, key := range []string{"region", "host", "hostname"} {
		if v.Get(key) != nil {
			targeted = append(targeted, key)
		}
	}
	mode, hint := v.Get("mode"), v.Get("hint")
	modeOf := func(choices ...string) check { return required(until(isString, oneOf(choices...))) }
	inner := s.in(v)
	switch {
	case hint != nil && targeted != nil:
		return s.fail(tree.KeyOf(hint), msgPlacementBoth, slots{field: field})
	case hint != nil:
		modeOf("off", "smart")(inner, field+".mode", mode)
		if !hint.Is(tree.Text) {
			s.fail(hint, msgPlacementHint, slots{field: field, value: tree.ToString(mode)})
		}
		if hint.IsTruthy() && mode.Text() != "smart" {
			s.fail(hint, msgPlacementSmart, slots{field: field})
		}
	case targeted != nil:
		optional(modeOf("targeted"))(inner, field+".mode", mode)
		var quoted []string
		for _, key := range targeted {
			x := v.Get(key)
			isString(inner, field+"."+key, x)
			if x.Is(tree.Text) && x.Str == "" {
				s.fail(x, msgNotEmpty, slots{field: field + "." + key})
			}
			quoted = append(quoted, `"`+key+`"`)
		}
		if len(targeted) > 1 {
			s.fail(tree.KeyOf(v.Get(targeted[1])), msgPlacementFields, slots{field: field, value: strings.Join(quoted, ", ")})
		}
	default:
		modeOf("off", "smart", "targeted")(inner, field+".mode", mode)
		if mode.Text() == "targeted" {
			atLeastOne("string", "region", "host", "hostname")(inner, field, v)
		}
	}
	return true
}

// atLeastOne accepts a table in which one of some keys has the type. logs.enabled is the key
// enabled in the key logs.
func atLeastOne(typ string, keys ...string) check {
	return func(s *scope, field string, v *tree.Value) bool {
		var names []string
		given := false
		values := make([]*tree.Value, len(keys))
		for i, key := range keys {
			values[i] = v
			for part := range strings.SplitSeq(key, ".") {
				values[i] = values[i].Get(part)
			}
			names = append(names, `"`+field+"."+key+`"`)
			given = given || values[i] != nil
			if values[i].Typeof() == typ && values[i] != nil {
				return true
			}
		}
		if !given {
			return s.in(v).fail(nil, msgAtLeastOne, slots{value: strings.Join(names, " or ")})
		}
		for i, key := range keys {
			s.fail(values[i], msgType, slots{field: field + "." + key, typ: typ, value: tree.Stringify(values[i])})
		}
		return false
	}
}

// isContainers checks that containers is a list. emu runs no containers.
func isContainers(s *scope, _ string, v *tree.Value) bool {
	return !v.IsTruthy() || v.Is(tree.List) || s.fail(v, msgContainers, slots{value: tree.Stringify(v)})
}

var (
	isTailConsumer = until(objectOr(msgObject),
		fieldsOf(named{"service", required(isString)}),
		fieldsOf(named{"environment", isString}))
	isStreamingTailConsumer = until(tableOr(msgObject), fieldsOf(named{"service", required(isString)}))

	isAccess = all(
		fieldsOf(named{"dev", isObject}),
		known("dev"),
		fieldsOf(named{"dev", func(s *scope, field string, v *tree.Value) bool {
			if !v.IsObject() {
				return true
			}
			return only(named{"aud", required(isString)}, named{"identity", isObject})(s, field, v)
		}}),
	)

	isCache = only(named{"enabled", required(isBoolean)}, named{"cross_version_cache", isBoolean})
)
