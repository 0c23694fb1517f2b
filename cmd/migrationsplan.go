package emucmd

// https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations"
)

func migrationsPlan(c *Command) *cobra.Command {
	var o historyFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what a start would apply, and apply nothing",
		Long: `Shows what emu dev would do to the stored data at its next start.

Exit status: 0 if it could start, 1 if it would refuse to, 2 for a wrong
command.`,
		Example: "  emu migrations plan --config wrangler.jsonc",
		RunE:    func(*cobra.Command, []string) error { return answer(c, &o, runPlan) },
	}
	o.add(cmd)
	o.assumed(cmd)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "as emu dev --strict")
	cmd.Flags().BoolVar(&o.purge, "purge", false, "as emu dev --purge")
	return cmd
}

// plan is what emu migrations plan prints as JSON.
type plan struct {
	OK       bool                    `json:"ok"`
	Worker   string                  `json:"worker"`
	State    string                  `json:"state"`
	LastTag  string                  `json:"last_tag,omitempty"`
	Steps    []migrations.Step       `json:"steps"`
	Errors   []diagnostic.Diagnostic `json:"errors"`
	Warnings []diagnostic.Diagnostic `json:"warnings"`
}

func runPlan(c *Command, o *historyFlags) error {
	cfg, warnings, err := readConfig(c, o)
	if err != nil {
		return err
	}
	h, err := openHistory(c, cfg, o)
	if err != nil {
		return err
	}
	now := time.Now()
	if o.assume != "" {
		if err := h.ledger.Assume(h.config, o.assume, now); err != nil {
			return err
		}
	}
	facts := h.facts(o.strict)
	facts.Purge, facts.Now = o.purge, now
	p := h.ledger.Plan(facts)
	warnings = append(warnings, p.Warnings...)
	ok := len(p.Errors) == 0
	if o.json {
		return c.printJSON(plan{
			OK: ok, Worker: h.config.Name, State: h.state, LastTag: h.ledger.LastTag(),
			Steps: append([]migrations.Step{}, p.Steps...), Errors: none(p.Errors), Warnings: none(warnings),
		}, ok)
	}
	log := c.log(devserver.LevelLog)
	log.Diagnostics(warnings)
	log.Diagnostics(p.Errors)
	if !ok {
		return &exit{code: exitError}
	}
	if len(p.Steps) == 0 {
		log.Print(fmt.Sprintf("nothing to apply to %s", h.title(c)))
		return nil
	}
	log.Print(fmt.Sprintf("to apply to %s:", h.title(c)))
	for _, s := range p.Steps {
		log.Print("  " + terminal.Line(s.Planned()))
	}
	return nil
}
