package config

import (
	"encoding/json"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Normalized is the configuration as Wrangler normalises it, as JSON with the fields that emu
// uses: name, main, compatibility_date, compatibility_flags, durable_objects, migrations,
// exports, vars, definedEnvironments and dev, in this order. It omits a field without a value
// or a default, and a name that is the folder's. A number that JSON cannot write is
// {"$number":"Infinity"}, a TOML date is {"$date":"2026-01-31"}.
func (c *Config) Normalized() json.RawMessage {
	root := &tree.Value{Kind: tree.Table}
	put := func(name string, v *tree.Value) {
		if v != nil {
			root.Put(name, v)
		}
	}
	e := c.environment
	put("name", e.Get("name"))
	if c.Main != "" {
		put("main", tree.NewText(c.Main))
	}
	put("compatibility_date", e.Get("compatibility_date"))
	put("compatibility_flags", e.Get("compatibility_flags"))
	for _, name := range []string{"durable_objects", "migrations", "exports", "vars"} {
		put(name, e.Get(name))
	}
	if c.DefinedEnvironments != nil {
		put("definedEnvironments", tree.NewTexts(c.DefinedEnvironments))
	}
	put("dev", c.dev)
	return tree.JSON{Exact: true}.Append(nil, root, 0)
}
