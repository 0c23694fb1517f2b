package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// scopeKind says where a field stands and how an environment gets it.
type scopeKind uint8

const (
	topOnly      scopeKind = iota // at the top level only, checked before all else
	inherited                     // an environment has the top level's if it has none
	notInherited                  // an environment has only its own
	topLast                       // at the top level only, checked after the rest
)

// fieldSpec is a field that Wrangler knows.
type fieldSpec struct {
	name     string
	scope    scopeKind
	check    check
	fallback *tree.Value // its value if it is not given
	local    bool        // it means something on a developer's machine
	deployed bool        // it means nothing but to a deployment, with wrangler dev too
	page     string      // its anchor on the page of the configuration
}
