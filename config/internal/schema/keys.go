package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// topLevelKeys and environmentKeys are the fields that Wrangler knows there. The table of
// fields fills them. Some of the first appear only in files that a build tool writes.
var topLevelKeys, environmentKeys []string

// listFields are the fields that TOML writes with double brackets.
var listFields = map[string]bool{"durable_objects.bindings": true}

var (
	emptyList  = &tree.Value{Kind: tree.List}
	emptyTable = &tree.Value{Kind: tree.Table}
)
