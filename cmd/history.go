package emucmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations"
)

// historyFlags are the flags of the commands of emu migrations.
type historyFlags struct {
	configFlags
	json      bool
	persistTo string
	against   string
	assume    string
	strict    bool
	purge     bool
}

// add defines the flags that all of them have.
func (o *historyFlags) add(cmd *cobra.Command) {
	o.configFlags.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.persistTo, "persist-to", "", "`folder` of the stored data (default: .emu/state beside the configuration)")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	cmd.Args = noArgs
	usageExits(cmd)
}

// assumed defines --assume-deployed.
func (o *historyFlags) assumed(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.assume, "assume-deployed", "", "take the migrations up to `tag` as deployed")
}

// refusal is what a command that fails prints as JSON.
type refusal struct {
	OK       bool                    `json:"ok"`
	Errors   []diagnostic.Diagnostic `json:"errors"`
	Warnings []diagnostic.Diagnostic `json:"warnings"`
}

// history is a configuration with the ledger of its Worker.
type history struct {
	config  *config.Config
	state   string // the folder
	ledger  *migrations.Ledger
	classes []string // of this process's Worker; nil is unknown
}

// openHistory opens the ledger of a configuration's Worker.
func openHistory(c *Command, cfg *config.Config, o *historyFlags) (h *history, err error) {
	h = &history{config: cfg, state: stateFolder(c, cfg, o.persistTo)}
	if h.ledger, err = migrations.Open(h.state, cfg.Name); err == nil {
		h.classes, err = c.registered()
	}
	return h, err
}

// readConfig reads the configuration and returns its warnings. It prints errors itself.
func readConfig(c *Command, o *historyFlags) (*config.Config, []diagnostic.Diagnostic, error) {
	r := config.Load(o.options(c))
	if r.Config != nil {
		return r.Config, r.Warnings, nil
	}
	if o.json {
		return nil, nil, c.printJSON(refusal{Errors: r.Errors, Warnings: none(r.Warnings)}, false)
	}
	c.log(devserver.LevelWarn).Diagnostics(r.Errors)
	return nil, nil, &exit{code: exitError}
}

// answer runs a command, and with --json prints its error as JSON.
func answer(c *Command, o *historyFlags, run func(*Command, *historyFlags) error) error {
	err := run(c, o)
	if err == nil || !o.json || errors.As(err, new(*exit)) {
		return err
	}
	d := diagnostic.Diagnostic{Text: err.Error()}
	var hinted *diagnostic.Error // not the ledger's errors, whose hints are about emu dev
	if errors.As(err, &hinted) {
		d.Hint = hinted.Hint()
	}
	return c.printJSON(refusal{Errors: []diagnostic.Diagnostic{d}, Warnings: []diagnostic.Diagnostic{}}, false)
}

// facts are what a plan is made from.
func (h *history) facts(strict bool) migrations.Facts {
	return migrations.Facts{
		Config: h.config, Registered: h.classes, Strict: strict,
	}
}

// title names the state and its last migration.
func (h *history) title(c *Command) string {
	last := "no migration applied"
	if tag := h.ledger.LastTag(); tag != "" {
		last = "last migration " + tag
	}
	return terminal.Line(fmt.Sprintf("the state of %s in %s (%s)", h.config.Name, c.relative(h.state), last))
}

// none makes a list that JSON shows as [] if it is empty.
func none(list []diagnostic.Diagnostic) []diagnostic.Diagnostic {
	return append([]diagnostic.Diagnostic{}, list...)
}
