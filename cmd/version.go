package emucmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version is emu's.
const Version = "0.1.0"

// What emu's behaviour was recorded from.
const recorded = "wrangler 4.164.0, workerd 2026-11-17"

func (c *Command) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version and what it was recorded against",
		Args:    noArgs,
		Example: "  emu version",
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(c.Stdout, "emu %s%s\nrecorded against %s\n%s %s/%s\n", Version, commit(), recorded, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// commit is the revision that the program was built from, as far as the build knows.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", modified"
		}
	}
	if revision == "" {
		return ""
	}
	return " (commit " + revision[:min(12, len(revision))] + modified + ")"
}

// noArgs takes no arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usage{cmd.CommandPath() + " takes no arguments", "see " + cmd.CommandPath() + " --help"}
	}
	return nil
}
