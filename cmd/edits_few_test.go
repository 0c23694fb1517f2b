//go:build unix && !conformance

package emucmd

// edits is how often TestEdits saves a source file.
const edits = 6
