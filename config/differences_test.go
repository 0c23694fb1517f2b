package config

import "testing"

func TestDifferencesAreSaidOnce(t *testing.T) {
	ids, cases := map[string]bool{}, map[string]bool{}
	for _, d := range differences(t) {
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
