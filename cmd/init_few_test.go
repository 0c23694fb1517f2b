//go:build !conformance

package emucmd

const (
	initRuns = 20    // how often TestInitOften runs the tests of a new project
	initRace = false // under the race detector, for which all must be compiled anew
)
