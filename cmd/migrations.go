package emucmd

// https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/

import (
	"github.com/spf13/cobra"
)

func migrationsCommand(c *Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "migrations",
		Short:   "Tell what migrations do to stored data and to a deployment",
		Example: "  emu migrations check --against origin/main:wrangler.jsonc",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &exit{exitUsage, unknownCommand(cmd, args[0])}
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &exit{exitUsage, flagError(cmd, err)} })
	cmd.AddCommand(migrationsPlan(c), migrationsStatus(c), migrationsCheck(c))
	return cmd
}
