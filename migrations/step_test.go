package migrations

import "testing"

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{Migrate: "migrate", Purge: "purge", Transfer: "transfer"} {
		if k.String() != want {
			t.Errorf("%s, want %s", k, want)
		}
	}
}
