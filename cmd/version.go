package emucmd

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/emulator/program"
)

// Version is the version of emu.
const Version = "0.1.0"

// recorded names the tools whose behaviour emu reproduces.
const recorded = "wrangler 4.164.0, workerd 2026-11-17"

func versionCommand(c *Command) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version and what it was recorded against",
		Args:    noArgs,
		Example: "  emu version",
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(c.Stdout, versionText())
			return err
		},
	}
}

func versionText() string {
	info, _ := debug.ReadBuildInfo()
	return fmt.Sprintf("emu %s (%s)\nrecorded against %s\n%s %s/%s\n",
		Version, origin(info), recorded, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// origin is where the emu of a program comes from, as far as its build knows: the version of the
// module, or the commit of the checkout.
func origin(info *debug.BuildInfo) string {
	const unknown = "commit unknown"
	if info == nil {
		return unknown
	}
	if v := program.Released(info); v != "" {
		return "module " + v // for a commit without a tag it ends in the commit
	}
	if info.Main.Path != program.Emu { // the build knows the commit of the user's program only
		for _, m := range info.Deps {
			if m.Path == program.Emu && m.Replace != nil {
				return unknown + ", module replaced by " + m.Replace.Path
			}
		}
		return unknown
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
	if revision == "" { // go run and -buildvcs=false do not record it
		return unknown
	}
	return "commit " + revision[:min(12, len(revision))] + modified
}
