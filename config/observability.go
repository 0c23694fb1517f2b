package config

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
		// JavaScript compares whatever it is: [5] is more than 1.
		if rate := part.x.get("head_sampling_rate"); rate.truthy() && (toNumber(rate) < 0 || toNumber(rate) > 1) {
			s.fail(rate, msgSamplingRate, slots{field: part.at + ".head_sampling_rate"})
		}
	}
	return ok
}
