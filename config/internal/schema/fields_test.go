package schema

import "testing"

// TestFieldsAreListedOnce: each with a check and a page, and what binds names is among them.
func TestFieldsAreListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.name] || f.check == nil || f.page == "" {
			t.Errorf("%s is listed twice, or without a check or a page", f.name)
		}
		seen[f.name] = true
	}
	for _, k := range kindsOfBindings {
		if !seen[k.field] {
			t.Errorf("%s binds names but is no field", k.field)
		}
	}
}
