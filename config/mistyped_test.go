package config

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// TestMistyped: of fields whose values are of a wrong type, at the top level and in
// environments, Wrangler 4.164.0 said what is recorded. The configurations were made
// from its schema, with every value in turn replaced by others.
func TestMistyped(t *testing.T) {
	file, err := os.Open("../fixtures/mistyped/wrangler.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var c struct {
			Env              string
			Raw              json.RawMessage
			Errors, Warnings []string
			Exception        string // a JavaScript TypeError
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		n++
		r := Load(Options{Config: "/wrangler.jsonc", Dir: "/", Env: &c.Env, Past: &Past{Name: "wrangler.jsonc", Text: c.Raw}})
		if c.Exception != "" {
			if !slices.ContainsFunc(r.Errors, func(d diagnostic.Diagnostic) bool { return d.Code == "crash" }) {
				t.Errorf("%s --env=%q\nends Wrangler with: %s\ngot %q", c.Raw, c.Env, c.Exception, texts(r.Errors))
			}
			continue
		}
		if errs, warnings := texts(r.Errors), texts(r.Warnings); !slices.Equal(errs, c.Errors) || !slices.Equal(warnings, c.Warnings) {
			t.Errorf("%s --env=%q\nerrors %q\nrecorded %q\nwarnings %q\nrecorded %q", c.Raw, c.Env, errs, c.Errors, warnings, c.Warnings)
		}
	}
	if err := lines.Err(); err != nil || n < 1000 {
		t.Errorf("%d configurations: %v", n, err)
	}
}
