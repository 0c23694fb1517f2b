package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// topLevelKeys and environmentKeys are the fields that are known there, in the order of
// the table of fields, which fills them. A redirected configuration holds some that
// Wrangler itself has written.
var topLevelKeys, environmentKeys []string

// listFields are the fields that TOML writes with double brackets.
var listFields = map[string]bool{"durable_objects.bindings": true}

var (
	emptyList  = &tree.Value{Kind: tree.List}
	emptyTable = &tree.Value{Kind: tree.Table}
)
