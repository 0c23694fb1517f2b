package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// scopeKind says where a field may be and whether environments inherit it.
type scopeKind uint8

const (
	topOnly      scopeKind = iota // at the top level only, and checked first
	inherited                     // an environment without it has the top level's
	notInherited                  // an environment without it has none
	topLast                       // at the top level only, and checked last
)

// fieldSpec is a field that Wrangler knows.
type fieldSpec struct {
	name     string
	scope    scopeKind
	check    check
	fallback *tree.Value // its default
	local    bool        // emu emulates it
	deployed bool        // a deployment uses it, wrangler dev does not
	page     string      // its anchor in the documentation of the configuration
}
