package emucmd

import (
	"testing"

	"github.com/seed-36a2c969/emu/config"
)

func TestAnnotation(t *testing.T) {
	for _, test := range []struct {
		name string
		d    config.Diagnostic
		want string
	}{
		{"error", config.Diagnostic{Text: "wrong", Place: config.Place{File: "a/wrangler.jsonc", Line: 3, Column: 7}}, "::error file=a/wrangler.jsonc,line=3,col=7::wrong"},
		{"warning", config.Diagnostic{Severity: config.Warning, Text: "odd", Place: config.Place{File: "w.toml", Line: 1, Column: 1}}, "::warning file=w.toml,line=1,col=1::odd"},
		{"nowhere", config.Diagnostic{Text: "wrong"}, "::error::wrong"},
		{"whole file", config.Diagnostic{Text: "wrong", Place: config.Place{File: "w.toml"}}, "::error file=w.toml::wrong"},
		{"hint", config.Diagnostic{Text: "wrong", Hint: "do right"}, "::error::wrong%0Ahint: do right"},
		{"escapes of text", config.Diagnostic{Text: "100%: a,b\r\n::error::c"}, "::error::100%25: a,b%0D%0A::error::c"},
		{"escapes of a file", config.Diagnostic{Text: "x", Place: config.Place{File: "a,b:c%d\ne", Line: 1, Column: 2}}, "::error file=a%2Cb%3Ac%25d%0Ae,line=1,col=2::x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := annotation(test.d); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}
