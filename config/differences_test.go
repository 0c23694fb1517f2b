package config

import "testing"

func TestDifferencesAreSaidOnce(t *testing.T) {
	ids, cases := map[string]bool{}, map[string]bool{}
	for _, d := range Differences {
		if ids[d.ID] || d.What == "" || d.Why == "" {
			t.Errorf("%q is said twice or not at all", d.ID)
		}
		ids[d.ID] = true
		for _, c := range d.Cases {
			if cases[c] {
				t.Errorf("case %s is listed twice", c)
			}
			cases[c] = true
		}
	}
	if len(cases) > 12 {
		t.Errorf("%d cases differ on purpose", len(cases))
	}
}

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
