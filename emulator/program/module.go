package program

import (
	"cmp"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// Emu is emu's Go module, which every program needs.
const Emu = "github.com/seed-36a2c969/emu"

// Released is the version of emu's module in a program, "" if it is not one
// that can be fetched. Only what was fetched has a sum.
//
// Source: https://pkg.go.dev/runtime/debug#Module
func Released(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == Emu && m.Replace == nil && m.Sum != "" {
			return m.Version
		}
	}
	return ""
}

// WorkerName makes a name that Cloudflare and Go accept of a folder's.
func WorkerName(dir string) string {
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(filepath.Base(dir)), "-")
	return cmp.Or(strings.Trim(name, "-"), "worker")
}
