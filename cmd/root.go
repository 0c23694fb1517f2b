package emucmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

// rootCommand is the tree of commands.
func rootCommand(c *Command) *cobra.Command {
	root := &cobra.Command{
		Use:           "emu",
		Short:         "Durable Objects with WebSocket Hibernation on your own machine",
		Example:       "  emu dev --config wrangler.jsonc",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          commandsOnly,
		RunE:          showHelp,
	}
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
	root.AddCommand(devCommand(c), checkCommand(c), migrationsCommand(c), execCommand(c), initCommand(c), wsCommand(c), versionCommand(c))
	completionExamples(root)
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

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// width is the width of help, in columns.
const width = 80

// help prints what a command does, with an example at the end.
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
