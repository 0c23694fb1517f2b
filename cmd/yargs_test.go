package emucmd

import (
	"slices"
	"strings"
	"testing"
)

// TestFromYargs: emu accepts the spellings of flags that Wrangler accepts.
func TestFromYargs(t *testing.T) {
	for _, test := range []struct{ given, want string }{
		{"dev", "dev"},
		{"dev src --port 1", "dev src --port 1"},
		{"dev --var A:b C:d E:f src", "dev --var A:b --var=C:d --var=E:f src"},
		{"dev --var=A:b C:d", "dev --var=A:b --var=C:d"},
		{"dev --var A:b -c x.json", "dev --var A:b -c x.json"},
		{"dev -c src --var A:b", "dev -c src --var A:b"},
		{"dev --compatibility-flags a b --port 1 src", "dev --compatibility-flags a --compatibility-flag=b --port 1 src"},
		{"dev --env-file a b", "dev --env-file a --env-file=b"},
		{"dev --local false src", "dev --local=false src"},
		{"dev -l true src", "dev -l=true src"},
		{"dev --strict src", "dev --strict src"},
		{"dev --port false", "dev --port false"},
		{"dev --var", "dev --var"},
		{"exec --var A:b C:d -- sh --var E:f G:h", "exec --var A:b --var=C:d -- sh --var E:f G:h"},
		{"ws --header a:b ws://x:1", "ws --header a:b ws://x:1"},
		{"check --env-file a b", "check --env-file a b"},
	} {
		if got := fromYargs(rootCommand(&Command{}), strings.Fields(test.given)); !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%s: %s, want %s", test.given, strings.Join(got, " "), test.want)
		}
	}
}
