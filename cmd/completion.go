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

// completionExamples adds cobra's command that prints what makes a shell complete, with the line for
// the file that each shell reads at its start.
func completionExamples(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completion, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	completion.Args, completion.RunE = commandsOnly, showHelp // cobra's takes any shell, and does nothing for it
	completion.Long, completion.Example = "", "  emu completion fish | source"
	for _, shell := range completion.Commands() {
		shell.Long, shell.Example = "", map[string]string{
			"bash":       "  emu completion bash > /etc/bash_completion.d/emu  # with bash-completion",
			"fish":       "  emu completion fish | source                      # in config.fish",
			"powershell": "  emu completion powershell | Out-String | iex      # in $PROFILE",
			"zsh":        "  emu completion zsh > \"${fpath[1]}/_emu\"          # before compinit",
		}[shell.Name()]
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
