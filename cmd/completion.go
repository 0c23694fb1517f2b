package emucmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

// shells are those that there is completion for, each with its script.
var shells = map[string]func(root *cobra.Command, c *Command) error{
	"bash":       func(root *cobra.Command, c *Command) error { return root.GenBashCompletionV2(c.Stdout, true) },
	"fish":       func(root *cobra.Command, c *Command) error { return root.GenFishCompletion(c.Stdout, true) },
	"powershell": func(root *cobra.Command, c *Command) error { return root.GenPowerShellCompletionWithDesc(c.Stdout) },
	"zsh":        func(root *cobra.Command, c *Command) error { return root.GenZshCompletion(c.Stdout) },
}

// completion stands in for cobra's own command of this name.
func (c *Command) completion() *cobra.Command {
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
				return &usage{"emu completion takes a shell", "shells: bash, fish, powershell, zsh"}
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
