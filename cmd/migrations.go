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
		Args:    commandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(migrationsPlan(c), migrationsStatus(c), migrationsCheck(c))
	return usageExits(cmd)
}
