package emucmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// noArgs takes no arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return diagnostic.NewError(cmd.CommandPath()+" takes no arguments", "see "+cmd.CommandPath()+" --help")
	}
	return nil
}

// oneOf refuses a value that is none of the choices, in Wrangler's words.
func oneOf(flag, given string, choices ...string) error {
	quoted := ""
	for i, c := range choices {
		if c == given {
			return nil
		}
		if i > 0 {
			quoted += ", "
		}
		quoted += fmt.Sprintf("%q", c)
	}
	return diagnostic.NewError(fmt.Sprintf(msgInvalidValue, flag, given, quoted), "")
}

// unknownCommand is the error of a command that does not exist.
func unknownCommand(parent *cobra.Command, name string) error {
	var names []string
	for _, cmd := range parent.Commands() {
		if cmd.IsAvailableCommand() {
			names = append(names, cmd.Name())
		}
	}
	hint := "commands: " + strings.Join(names, ", ")
	if near := diagnostic.Suggest(name, names); near != "" {
		hint = "did you mean " + parent.CommandPath() + " " + near + "? " + hint
	} else if near := parent.SuggestionsFor(name); len(near) > 0 { // a shorter word, or a prefix
		hint = "did you mean " + parent.CommandPath() + " " + near[0] + "? " + hint
	}
	return diagnostic.NewError(fmt.Sprintf("unknown command %q", name), hint)
}

// flagError is the error of flags that cannot be parsed.
func flagError(cmd *cobra.Command, err error) error {
	see := "see " + cmd.CommandPath() + " --help"
	text, hint := err.Error(), see
	if unknown, ok := err.(*pflag.NotExistError); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		name := unknown.GetSpecifiedName()
		positive, negated := strings.CutPrefix(name, "no-") // Wrangler has it for every flag without a value
		if f := cmd.Flags().Lookup(positive); negated && f != nil && f.Value.Type() == "bool" {
			hint = "did you mean --" + positive + "=false? " + see
		} else if near := diagnostic.Suggest(name, names); near != "" {
			hint = "did you mean --" + near + "? " + see
		}
	}
	if invalid, ok := err.(*pflag.InvalidValueError); ok {
		if takes := kinds[invalid.GetFlag().Value.Type()]; takes != "" {
			text = fmt.Sprintf("--%s takes %s, not %q", invalid.GetFlag().Name, takes, invalid.GetValue())
		}
	}
	return diagnostic.NewError(text, hint)
}

// kinds say what the flags of a type take.
var kinds = map[string]string{"port": "a port, 0 to 65535", "MiB": "a number of MiB from 1 on", "bool": "true or false", "duration": "a time such as 2s"}
