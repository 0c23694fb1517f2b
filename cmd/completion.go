package emucmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completable completes the values of flags, and removes from their descriptions the back quotes
// that help interprets.
func completable(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if of, ok := f.Value.(choice); ok {
				cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(of.words, cobra.ShellCompDirectiveNoFileComp))
			}
			f.Usage = strings.ReplaceAll(f.Usage, "`", "")
		})
		completable(cmd)
	}
}

// commandsBelow completes the name of a command.
func commandsBelow(cmd *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	if of, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
		for _, sub := range of.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
