package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// isObservability checks observability.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#observability
func isObservability(s *scope, field string, v *tree.Value) bool {
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
	if issues := v.Get("issues"); issues.IsRecord() {
		ok = only(named{"enabled", isBoolean})(inner, field+".issues", issues) && ok
	}
	for _, part := range []struct {
		key  string
		more []named
		keys []string
	}{
		{"logs", []named{{"invocation_logs", isBoolean}}, []string{"enabled", "head_sampling_rate", "invocation_logs", "destinations", "persist"}},
		{"traces", nil, []string{"enabled", "head_sampling_rate", "destinations", "persist"}},
	} {
		x := v.Get(part.key)
		if x.Is(tree.Null) {
			ok = inner.crash(x, field+"."+part.key+" is null: it is an object")
		}
		if !x.IsObject() {
			continue
		}
		checks := append([]named{{"enabled", isBoolean}, {"head_sampling_rate", isNumber}}, part.more...)
		ok = fieldsOf(checks...)(inner, field+"."+part.key, x) && ok
		ok = arrayOf("string")(inner.in(x), part.key+".destinations", x.Get("destinations")) && ok
		ok = fieldsOf(named{"persist", isBoolean})(inner, field+"."+part.key, x) && ok
		ok = s.unknown(field, x, part.keys...) && ok
	}
	for _, part := range []struct {
		at string
		x  *tree.Value
	}{{field, v}, {field + ".logs", v.Get("logs")}, {field + ".traces", v.Get("traces")}} {
		// Wrangler compares without a check of the type: [5] > 1 is true in JavaScript.
		if rate := part.x.Get("head_sampling_rate"); rate.IsTruthy() && (tree.ToNumber(rate) < 0 || tree.ToNumber(rate) > 1) {
			s.fail(rate, msgSamplingRate, slots{field: part.at + ".head_sampling_rate"})
		}
	}
	return ok
}
