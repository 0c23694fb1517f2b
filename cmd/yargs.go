package emucmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Wrangler parses its command line with yargs. That takes several values after a flag that may be
// repeated, and the word true or false after a flag without a value.
// https://github.com/yargs/yargs-parser#greedy-arrays

// arrays are Wrangler's flags with several values. A value of some of them is a pair with a colon: a
// word without one may be the script.
var arrays = map[string]struct{ pairs bool }{
	"compatibility-flag": {}, "env-file": {}, "route": {}, "routes": {}, "tunnel-allowed-mail": {},
	"var": {true}, "define": {true}, "alias": {true},
}

// fromYargs translates the arguments of a command that Wrangler has too for pflag.
func fromYargs(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.Name() != "dev" && cmd.Name() != "exec" {
		return args
	}
	var list []string
	for len(args) > 0 && args[0] != "--" {
		arg := args[0]
		list, args = append(list, arg), args[1:]
		f, hasValue := flagOf(cmd.Flags(), arg)
		switch {
		case f == nil:
		case f.NoOptDefVal != "":
			if !hasValue && len(args) > 0 && (args[0] == "true" || args[0] == "false") {
				list[len(list)-1] += "=" + args[0]
				args = args[1:]
			}
		default:
			if !hasValue && len(args) > 0 {
				list, args = append(list, args[0]), args[1:]
			}
			array, is := arrays[f.Name]
			for is && len(args) > 0 && !strings.HasPrefix(args[0], "-") && (!array.pairs || strings.Contains(args[0], ":")) {
				list, args = append(list, "--"+f.Name+"="+args[0]), args[1:]
			}
		}
	}
	return slices.Concat(list, args)
}

// flagOf is the flag that an argument names, nil if it names none, and whether the argument has the
// value too.
func flagOf(flags *pflag.FlagSet, arg string) (f *pflag.Flag, hasValue bool) {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		name, _, hasValue = strings.Cut(name, "=")
		return flags.Lookup(name), hasValue
	}
	if name, ok := strings.CutPrefix(arg, "-"); ok && len(name) == 1 {
		return flags.ShorthandLookup(name), false
	}
	return nil, false
}
