package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// topLevelKeys and environmentKeys are the keys that Wrangler knows at the top level and in an
// environment. Some of the first are only in files that a build tool writes.
var topLevelKeys, environmentKeys []string

// listFields are the fields that stand in double brackets in TOML.
var listFields = map[string]bool{"durable_objects.bindings": true}

var (
	emptyList  = &tree.Value{Kind: tree.List}
	emptyTable = &tree.Value{Kind: tree.Table}
)
