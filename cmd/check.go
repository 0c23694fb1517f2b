package emucmd

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
	"github.com/seed-36a2c969/emu/migrations"
)

// checkOptions are the flags of emu check.
type checkOptions struct {
	configFlags
	json   bool
	strict bool
	format string
}

func checkCommand(c *Command) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [SCRIPT]",
		Short: "Check a configuration and its migrations",
		Long: `Checks the configuration as wrangler does, and what emu dev refuses of it: its
compatibility date and flags, bindings to other Workers, and its migrations from
the first on. That there is no program to run is a warning. Whether the classes
exist is checked by the program itself, when it starts or with its own check: go
run ./src check.

Exit status: 0 if there are no errors, 1 if there are, 2 for a wrong command.`,
		Args:    o.args,
		Example: "  emu check --config wrangler.jsonc --json",
		RunE:    func(*cobra.Command, []string) error { return runCheck(c, &o) },
	}
	o.add(cmd)
	f := cmd.Flags()
	o.format = "human"
	f.Var(choice{&o.protocol, protocols}, "local-protocol", "`protocol` to serve: http, https")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.BoolVar(&o.strict, "strict", false, "take warnings for errors")
	f.Var(choice{&o.format, []string{"human", "github"}}, "format", "`human`, or github: annotations of a workflow run")
	return usageExits(cmd)
}

// verdict is what emu check prints as JSON.
type verdict struct {
	OK       bool                    `json:"ok"`
	Config   json.RawMessage         `json:"config,omitempty"`
	Errors   []diagnostic.Diagnostic `json:"errors"`
	Warnings []diagnostic.Diagnostic `json:"warnings"`
	// Migrations are the warnings of a start or a deployment about migrations. Wrangler does not
	// have them when it reads a configuration.
	Migrations []diagnostic.Diagnostic `json:"migrations,omitempty"`
	// Program says why a start would find nothing to run.
	Program []diagnostic.Diagnostic `json:"program,omitempty"`
}

func runCheck(c *Command, o *checkOptions) error {
	r := config.Load(o.options(c))
	v := verdict{Errors: append([]diagnostic.Diagnostic{}, r.Errors...), Warnings: append([]diagnostic.Diagnostic{}, r.Warnings...)}
	if r.Config != nil {
		if err := o.checkEnvFiles(c.beside(r.Config)); err != nil {
			return &exit{exitUsage, err}
		}
		if err := checkStart(c, r.Config, o.script, &v); err != nil {
			return err
		}
		if len(v.Errors) == 0 {
			v.Config = r.Config.Normalized()
		}
	}
	if o.strict {
		v.Errors = append(v.Errors, asErrors(v.Warnings)...)
		v.Errors = append(v.Errors, asErrors(v.Migrations)...)
		v.Errors = append(v.Errors, asErrors(v.Program)...)
		v.Warnings, v.Migrations, v.Program = []diagnostic.Diagnostic{}, nil, nil
	}
	v.OK = len(v.Errors) == 0
	switch {
	case o.json:
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "%s\n", text)
	case o.format == "github":
		for _, list := range [][]diagnostic.Diagnostic{v.Warnings, v.Migrations, v.Program, v.Errors} {
			for _, d := range list {
				fmt.Fprintln(c.Stdout, annotation(d))
			}
		}
	default:
		printVerdict(c, &v, r)
	}
	if !v.OK {
		return &exit{code: exitError}
	}
	return nil
}

// checkStart checks what a start would refuse: the migrations as if none were applied, and the
// classes if this process makes the Worker. A missing program is a warning only, since a project
// that tests with package emutest alone has none.
func checkStart(c *Command, cfg *config.Config, script string, v *verdict) error {
	errs, warnings := cfg.CheckStart()
	v.Warnings = append(v.Warnings, warnings...)
	if c.Maker != nil { // emulator.Check checks the configuration too
		p, err := c.Maker.Make(context.Background())
		if err != nil {
			return err
		}
		defer p.Close()
		_, errs, warnings, err := emulator.Check(emulator.Options{Config: cfg, Classes: p.Classes})
		v.Errors, v.Migrations = append(v.Errors, errs...), warnings
		return err
	}
	ledger, err := migrations.Open("", cfg.Name)
	if err != nil {
		return err
	}
	plan := ledger.Plan(migrations.Facts{Config: cfg})
	v.Errors = append(append(v.Errors, errs...), plan.Errors...)
	v.Migrations = plan.Warnings
	p, d := program.Find(cfg, script, c.Dir)
	var found []diagnostic.Diagnostic
	if d != nil {
		found = append(found, *d)
	} else {
		found = p.Loads(context.Background(), c.Dir)
	}
	for _, d := range found {
		d.Severity = diagnostic.SeverityWarning
		v.Program = append(v.Program, d)
	}
	return nil
}

func asErrors(list []diagnostic.Diagnostic) []diagnostic.Diagnostic {
	errs := make([]diagnostic.Diagnostic, len(list))
	for i, d := range list {
		d.Severity = diagnostic.SeverityError
		errs[i] = d
	}
	return errs
}

// printVerdict prints the verdict for people.
func printVerdict(c *Command, v *verdict, r *config.Result) {
	log := c.log(devserver.LevelLog)
	log.Diagnostics(r.Notices)
	log.Diagnostics(v.Warnings)
	log.Diagnostics(v.Migrations)
	log.Diagnostics(v.Program)
	log.Diagnostics(v.Errors)
	if !v.OK || r.Config.Path == "" {
		return
	}
	checked := "the configuration and its migrations"
	switch {
	case len(v.Migrations) > 0:
		checked = "the configuration; of its migrations see above"
	case c.Maker != nil:
		checked = "the configuration, its migrations and the classes"
	}
	log.Print(terminal.Line(fmt.Sprintf("%s: ok (%s)", r.Config.File, checked)))
}
