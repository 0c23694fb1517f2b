package emucmd

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations"
)

func migrationsCheck(c *Command) *cobra.Command {
	var o historyFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Refuse what a deployment would refuse",
		Long: `Compares the migrations and bindings with those that are deployed, and refuses
what production refuses, with its code, or ignores without a word. What is
deployed is a file, a file of a git commit, or this configuration up to a
migration. Without any of these only the stored state is compared with.

Whether the classes exist is checked by the program itself: go run ./src
migrations check.

Exit status: 0 if nothing is refused, 1 if something is, 2 for a wrong command.`,
		Example: "  emu migrations check --against origin/main:wrangler.jsonc",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"against", "assume-deployed"} {
				if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
					return &exit{exitUsage, diagnostic.NewError("--"+name+" is given without a value", "is a variable of the command line empty?")}
				}
			}
			return answer(c, &o, runMigrationsCheck)
		},
	}
	o.add(cmd)
	o.assumed(cmd)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "refuse for warnings too, and when nothing was compared")
	cmd.Flags().StringVar(&o.against, "against", "", "deployed configuration: a `file`, or GITREF:PATH")
	return cmd
}

// comparison is what emu migrations check prints as JSON.
type comparison struct {
	// OK is missing if nothing was compared and nothing is wrong.
	OK *bool `json:"ok,omitempty"`
	// Compared names what was compared with, "" if nothing was.
	Compared string                  `json:"compared,omitempty"`
	Errors   []diagnostic.Diagnostic `json:"errors"`
	Warnings []diagnostic.Diagnostic `json:"warnings"`
}

func runMigrationsCheck(c *Command, o *historyFlags) error {
	if o.against != "" && o.assume != "" {
		return &exit{exitUsage, diagnostic.NewError("--against and --assume-deployed exclude each other", "give one of them")}
	}
	cfg, warnings, err := readConfig(c, o)
	if err != nil {
		return err
	}
	d, err := findDeployed(c, cfg, o)
	if err != nil {
		return err
	}
	found := d.wrong
	if found == nil {
		classes, err := c.registered()
		if err != nil {
			return err
		}
		found = migrations.Compare(migrations.Comparison{Deployed: d.config, Now: cfg, Registered: classes})
		if d.missing != "" {
			found[0].Hint = d.missing
		}
		if d.config == nil {
			h, err := openHistory(c, cfg, o)
			if err != nil {
				return err
			}
			plan := h.ledger.Plan(h.facts(true))
			found = slices.Concat(found, plan.Warnings, plan.Errors)
		}
	}
	return printComparison(c, cfg, d, append(warnings, found...), o)
}

func printComparison(c *Command, cfg *config.Config, d *deployed, found []diagnostic.Diagnostic, o *historyFlags) error {
	v := comparison{Errors: []diagnostic.Diagnostic{}, Warnings: []diagnostic.Diagnostic{}}
	for _, f := range found {
		if f.Place.File != "" && f.Place.Line == 0 { // it is about the whole file
			f.Place.Line, f.Place.Column = 1, 1
		}
		f = f.WithLines(d.read)
		if f.Severity == diagnostic.SeverityError {
			v.Errors = append(v.Errors, f)
		} else {
			v.Warnings = append(v.Warnings, f)
		}
	}
	ok := len(v.Errors) == 0 && !(o.strict && len(v.Warnings) > 0)
	if d.config != nil {
		v.Compared = d.name
	}
	if d.config != nil || !ok {
		v.OK = &ok
	}
	if o.json {
		return c.printJSON(v, ok)
	}
	log := c.log(devserver.LevelLog)
	log.Diagnostics(v.Warnings)
	log.Diagnostics(v.Errors)
	switch {
	case !ok:
		return &exit{code: exitError}
	case d.config != nil:
		log.Print(terminal.Line(fmt.Sprintf("%s: ok (compared with %s)", cmp.Or(cfg.File, "no configuration file"), d.name)))
	}
	return nil
}
