package emucmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// root is the tree of commands.
func (c *Command) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "emu",
		Short:         "Durable Objects with WebSocket Hibernation on your own machine",
		Example:       "  emu dev --config wrangler.jsonc",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 1
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(cmd) })
	root.SetHelpCommand(&cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Say what a command does",
		Example:           "  emu help dev",
		ValidArgsFunction: commandsBelow,
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || of == cmd.Root() && len(rest) > 0 {
				return unknownCommand(cmd.Root(), rest[0])
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	})
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(c.dev(), c.check(), c.migrations(), c.exec(), c.init(), c.ws(), c.completion(), c.version())
	for _, cmd := range append(root.Commands(), root) {
		if cmd == root || cmd.Name() == "dev" || cmd.Name() == "exec" { // as Wrangler has it
			cmd.Version = Version
			cmd.Flags().BoolP("version", "v", false, "")
			cmd.Flags().MarkHidden("version")
		}
	}
	root.SetVersionTemplate(versionText())
	return root
}

// usage is the error of a command line that makes no sense.
type usage struct{ text, hint string }

func (u *usage) Error() string { return u.text }

// Hint is what to type instead.
func (u *usage) Hint() string { return u.hint }

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
	} else if near := parent.SuggestionsFor(name); len(near) > 0 { // shorter, or the beginning of one
		hint = "did you mean " + parent.CommandPath() + " " + near[0] + "? " + hint
	}
	return &usage{fmt.Sprintf("unknown command %q", name), hint}
}

// flagError is the error of flags that cannot be parsed.
func flagError(cmd *cobra.Command, err error) error {
	see := "see " + cmd.CommandPath() + " --help"
	u := &usage{err.Error(), see}
	if unknown, ok := err.(*pflag.NotExistError); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		name := unknown.GetSpecifiedName()
		positive, negated := strings.CutPrefix(name, "no-") // as Wrangler has it of every flag without a value
		if f := cmd.Flags().Lookup(positive); negated && f != nil && f.Value.Type() == "bool" {
			u.hint = "did you mean --" + positive + "=false? " + see
		} else if near := diagnostic.Suggest(name, names); near != "" {
			u.hint = "did you mean --" + near + "? " + see
		}
	}
	if invalid, ok := err.(*pflag.InvalidValueError); ok {
		if takes := kinds[invalid.GetFlag().Value.Type()]; takes != "" {
			u.text = fmt.Sprintf("--%s takes %s, not %q", invalid.GetFlag().Name, takes, invalid.GetValue())
		}
	}
	return u
}

// kinds say what a flag of a type takes.
var kinds = map[string]string{"port": "a port, 0 to 65535", "MiB": "a number of MiB from 1 on", "bool": "true or false", "duration": "a time such as 2s"}

// width is the terminal's that help is made for, in columns.
const width = 80

// help prints what a command does, and ends in an example.
func help(cmd *cobra.Command) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s\n", cmd.Short)
	if cmd.Long != "" {
		fmt.Fprintf(out, "\n%s\n", cmd.Long)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(out, "\nUsage:\n  %s COMMAND\n\nCommands:\n", cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(out, "  %-11s %s\n", sub.Name(), sub.Short)
			}
		}
	} else {
		fmt.Fprintf(out, "\nUsage:\n  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableLocalFlags() {
		fmt.Fprintf(out, "\nFlags:\n%s", cmd.LocalFlags().FlagUsagesWrapped(width))
	}
	if cmd.Example != "" {
		fmt.Fprintf(out, "\nExample:\n%s\n", cmd.Example)
	}
}
