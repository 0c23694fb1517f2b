package emucmd

import (
	"errors"
	"fmt"
	"slices"
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

// usageExits makes a wrong command line exit with its own code.
func usageExits(cmd *cobra.Command) *cobra.Command {
	args := cmd.Args
	cmd.Args = func(cmd *cobra.Command, list []string) error {
		if err := args(cmd, list); err != nil {
			return &exit{exitUsage, err}
		}
		return nil
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &exit{exitUsage, flagError(cmd, err)} })
	return cmd
}

// choice is the value of a flag that takes one of a few words.
type choice struct {
	value *string
	words []string
}

func (c choice) String() string { return *c.value }

func (c choice) Type() string { return "string" }

func (c choice) Set(value string) error {
	if !slices.Contains(c.words, value) {
		return errors.New("it is none of the words") // flagError says which there are
	}
	*c.value = value
	return nil
}

// commandsOnly takes a command below and nothing else.
func commandsOnly(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return nil
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
		if of, ok := invalid.GetFlag().Value.(choice); ok { // in Wrangler's words
			text, hint = fmt.Sprintf(msgInvalidValue, invalid.GetFlag().Name, invalid.GetValue(), `"`+strings.Join(of.words, `", "`)+`"`), ""
		} else if takes := kinds[invalid.GetFlag().Value.Type()]; takes != "" {
			text = fmt.Sprintf("--%s takes %s, not %q", invalid.GetFlag().Name, takes, invalid.GetValue())
		}
	}
	return diagnostic.NewError(text, hint)
}

// kinds say what the flags of a type take.
var kinds = map[string]string{"port": "a port, 0 to 65535", "MiB": "a number of MiB from 1 on", "bool": "true or false", "duration": "a time such as 2s"}
