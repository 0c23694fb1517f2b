//go:build conformance

package emucmd

const (
	initRuns = 200
	initRace = true
)
