package emucmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
)

// shells are the shells with a completion script, each with what prints it.
var shells = map[string]func(root *cobra.Command, c *Command) error{
	"bash":       func(root *cobra.Command, c *Command) error { return root.GenBashCompletionV2(c.Stdout, true) },
	"fish":       func(root *cobra.Command, c *Command) error { return root.GenFishCompletion(c.Stdout, true) },
	"powershell": func(root *cobra.Command, c *Command) error { return root.GenPowerShellCompletionWithDesc(c.Stdout) },
	"zsh":        func(root *cobra.Command, c *Command) error { return root.GenZshCompletion(c.Stdout) },
}

// words are the values of flags that take one of a few.
var words = map[string][]string{
	"log-level": devserver.Levels, "log-format": {"human", "json"},
	"local-protocol": {"http", "https"}, "upstream-protocol": {"http", "https"}, "format": {"human", "github"},
}

// completable completes the values of flags, and removes from their descriptions the back quotes
// that help interprets.
func completable(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if list := words[f.Name]; list != nil {
				cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
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

// completionCommand stands in for cobra's own command of this name.
func completionCommand(c *Command) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print what makes a shell complete emu's commands",
		Long: `Prints a script for a shell: bash, fish, powershell or zsh. Evaluate it where
the shell starts:

  ~/.bashrc                    source <(emu completion bash)
  ~/.zshrc, after compinit     source <(emu completion zsh)
  ~/.config/fish/config.fish   emu completion fish | source
  $PROFILE                     emu completion powershell | Out-String | iex

In bash it needs the package bash-completion.`,
		ValidArgs: []string{"bash", "fish", "powershell", "zsh"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || shells[args[0]] == nil {
				return diagnostic.NewError("emu completion takes a shell", "shells: bash, fish, powershell, zsh")
			}
			return nil
		},
		Example: "  emu completion fish | source",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := shells[args[0]](cmd.Root(), c); err != nil {
				return fmt.Errorf("cannot print the script: %w", err)
			}
			return nil
		},
	}
}
