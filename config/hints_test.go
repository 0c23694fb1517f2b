package config

import (
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

func TestHints(t *testing.T) {
	for _, c := range []struct{ name, text, hint string }{
		{"wrangler.toml", "[migrations]\ntag = \"v1\"\n", "write [[migrations]], with double brackets, for each entry of the list"},
		{"wrangler.toml", "[durable_objects.bindings]\nname = \"A\"\n", "write [[durable_objects.bindings]], with double brackets, for each entry of the list"},
		{"wrangler.toml", "[[durable_objects]]\nname = \"A\"\n", "write [durable_objects], with single brackets"},
		{"wrangler.toml", "compatibility_date = 2026-01-31\n", `quote the date: compatibility_date = "2026-01-31"`},
		{"wrangler.toml", "name = \"w\"\n[dev]\nmain = \"a.js\"\n", "main: a field of the top level stands above the first [header]"},
		{"wrangler.toml", "$schema = \"x\"\n", `quote the key: "$schema" = …`},
		{"wrangler.toml", "minify = True\n", "write true"},
		{"wrangler.toml", "minify = tru\n", `put text in double quotes: "…"`},
		{"wrangler.toml", "[vars]\nA = \"\"\"open\n", "close it with the quotes that opened it"},
		{"wrangler.toml", "compatibility_flags = [\"a\" \"b\"]\n", "put a comma between the elements"},
		{"wrangler.toml", "name \"w\"\n", "quote a key that has other characters than A-Z a-z 0-9 _ and -; a value follows it behind ="},
		{"wrangler.toml", "name = null\n", "TOML has no null: leave the key out"},
		{"wrangler.toml", "// comment\n", "comments start with # in TOML"},
		{"wrangler.jsonc", `{"migrations": {"tag": "v1"}}`, "a list stands in square brackets: [{…}]"},
		{"wrangler.jsonc", `{"name": "My Worker"}`, `write "my-worker"`},
		{"wrangler.jsonc", `{"compatibility_flag": []}`, "did you mean compatibility_flags?"},
		{"wrangler.jsonc", `{"dev": {"local_protocol": "htps"}}`, "did you mean https?"},
		{"wrangler.jsonc", `{"zone_id": "x"}`, `zone_id: it is now part of a route: {"pattern": "example.com/*", "zone_id": "…"}`},
		{"wrangler.jsonc", "{\"name\": \"w\\q\"}", `write \\ for a backslash`},
		{"wrangler.jsonc", "{\"name\": \"w}", `close it with ", and write a line break as \n`},
		{"wrangler.jsonc", "{\"name\": \"w\"", "an object that was opened with { is not closed"},
		{"wrangler.jsonc", "{\"minify\": True}", "write true"},
		{"wrangler.jsonc", "{# comment\n}", "comments start with // in JSONC, with # in TOML"},
		{"wrangler.jsonc", "{\"name\": \"w\",\u00a0}", "remove it and type the space again"},
	} {
		r := loadText(c.name, []byte(c.text))
		d := append(append([]diagnostic.Diagnostic{}, r.Errors...), r.Warnings...)
		if len(d) == 0 || d[0].Hint != c.hint {
			t.Errorf("%s: got %+v, want the hint %q", c.text, d, c.hint)
		}
	}
}
