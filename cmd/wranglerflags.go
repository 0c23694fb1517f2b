package emucmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// Flags of wrangler dev that emu dev accepts, so that a command line written for Wrangler works.
// https://developers.cloudflare.com/workers/wrangler/commands/#dev

// wranglerFlag is such a flag.
type wranglerFlag struct {
	name, short string
	bool, port  bool
	// instead is the hint of a flag that is refused, because ignoring it would run something else.
	// A flag without a hint is ignored.
	instead string
}

var wranglerFlags = []wranglerFlag{
	{name: "local", short: "l", bool: true},
	{name: "latest", bool: true},
	{name: "bundle", bool: true},
	{name: "no-bundle", bool: true},
	{name: "minify", bool: true},
	{name: "types", bool: true},
	{name: "live-reload", bool: true},
	{name: "enable-containers", bool: true},
	{name: "inspector-port", port: true},
	{name: "inspector-ip"},
	{name: "tsconfig"},
	{name: "jsx-factory"},
	{name: "jsx-fragment"},
	{name: "profile"},
	{name: "install-skills", bool: true},
	{name: "tunnel-name"}, // only with --tunnel, which is refused
	{name: "tunnel-allowed-mail"},

	{name: "remote", short: "r", bool: true, instead: "emu runs on this machine only"},
	{name: "tunnel", bool: true, instead: "emu serves this machine; --ip * serves its network"},
	{name: "test-scheduled", bool: true, instead: "emu has no cron triggers"},
	{name: "assets", instead: "emu serves no static assets"},
	{name: "site", instead: "emu serves no static assets"},
	{name: "define", instead: "a Go program has no such replacements: use --var"},
	{name: "alias", instead: "a Go program has no such replacements: use a replace in go.mod"},
	{name: "route", instead: "give the host alone: --host"},
	{name: "routes", instead: "give the host alone: --host"},
	{name: "local-upstream", instead: "give the host alone: --host"},
}

// addWranglerFlags defines the flags, and hides them from help.
func addWranglerFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	for _, flag := range wranglerFlags {
		switch {
		case flag.bool:
			f.BoolP(flag.name, flag.short, false, "")
		case flag.port:
			f.Var(newPort(), flag.name, "")
		default:
			f.StringArrayP(flag.name, flag.short, nil, "")
		}
		f.MarkHidden(flag.name)
	}
}

// refuseWranglerFlags refuses the flags that change what runs.
func refuseWranglerFlags(cmd *cobra.Command) (err error) {
	for _, flag := range wranglerFlags {
		if f := cmd.Flags().Lookup(flag.name); err == nil && f != nil && given(f) && flag.instead != "" {
			err = diagnostic.NewError(fmt.Sprintf("emu dev has no --%s", flag.name), flag.instead)
		}
	}
	return err
}

// withoutEffect lists the flags that the user has given and emu ignores.
func withoutEffect(cmd *cobra.Command) string {
	var names []string
	for _, flag := range wranglerFlags {
		if f := cmd.Flags().Lookup(flag.name); f != nil && given(f) && flag.instead == "" {
			names = append(names, "--"+flag.name)
		}
	}
	return strings.Join(names, ", ")
}

// given reports whether a flag asks for something.
func given(f *pflag.Flag) bool { return f.Changed && f.Value.String() != "false" }
