package emucmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations"
)

// historyOptions are the flags of the commands of emu migrations.
type historyOptions struct {
	source
	json      bool
	persistTo string
	against   string
	assume    string
	strict    bool
	purge     bool
}

func (c *Command) migrations() *cobra.Command {
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
	cmd.AddCommand(c.migrationsPlan(), c.migrationsStatus(), c.migrationsCheck())
	return cmd
}

// add defines the flags that all of them have.
func (o *historyOptions) add(cmd *cobra.Command) {
	o.source.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.persistTo, "persist-to", "", "`folder` of the stored data (default: .emu/state beside the configuration)")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := noArgs(cmd, args); err != nil {
			return &exit{exitUsage, err}
		}
		return nil
	}
}

// assumed defines --assume-deployed.
func (o *historyOptions) assumed(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.assume, "assume-deployed", "", "take the migrations up to `tag` as deployed")
}

func (c *Command) migrationsStatus() *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the classes and where their data lies",
		Long: `Shows what was applied to the stored data, which classes there are, and where
their data and that of deleted classes lies.

Exit status: 0, 1 if the configuration or the stored state cannot be read, 2
for a wrong command.`,
		Example: "  emu migrations status --persist-to .emu/state",
		RunE:    func(*cobra.Command, []string) error { return c.answer(&o, c.runStatus) },
	}
	o.add(cmd)
	return cmd
}

// refusal is what is printed as JSON for what cannot be done.
type refusal struct {
	OK       bool                    `json:"ok"`
	Errors   []diagnostic.Diagnostic `json:"errors"`
	Warnings []diagnostic.Diagnostic `json:"warnings"`
}

// history is a configuration with the ledger of its Worker.
type history struct {
	config *config.Config
	state  string // the folder
	ledger *migrations.Ledger
}

// history opens the ledger of a configuration's Worker.
func (c *Command) history(cfg *config.Config, o *historyOptions) (h *history, err error) {
	h = &history{config: cfg, state: c.persistTo(cfg, o.persistTo)}
	h.ledger, err = migrations.Open(h.state, cfg.Name)
	return h, err
}

// read reads the configuration with what is questionable about it, and says what is
// wrong with it.
func (c *Command) read(o *historyOptions) (*config.Config, []diagnostic.Diagnostic, error) {
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

// answer runs a command. With --json its error is an object too.
func (c *Command) answer(o *historyOptions, run func(*historyOptions) error) error {
	err := run(o)
	if err == nil || !o.json || errors.As(err, new(*exit)) {
		return err
	}
	d := diagnostic.Diagnostic{Text: err.Error()}
	var advice *usage
	if errors.As(err, &advice) {
		d.Hint = advice.hint
	}
	return c.printJSON(refusal{Errors: []diagnostic.Diagnostic{d}, Warnings: []diagnostic.Diagnostic{}}, false)
}

// facts are what a plan is made of.
func (h *history) facts(c *Command, strict bool) migrations.Facts {
	return migrations.Facts{
		Worker: h.config.Name, Config: h.config, Registered: c.registered(), Strict: strict,
		Exists: h.ledger.Exists, Holds: h.ledger.Holds, Peer: h.ledger.Peer,
	}
}

// registered are the classes of the program that is linked in; nil is unknown.
func (c *Command) registered() []string {
	if c.Program == nil {
		return nil
	}
	names := []string{}
	for _, class := range c.Program.Classes {
		names = append(names, class.Name())
	}
	return names
}

// title says which state is meant, and how far it has come.
func (c *Command) title(h *history) string {
	last := "no migration applied"
	if tag := h.ledger.LastTag(); tag != "" {
		last = "last migration " + tag
	}
	return terminal.Line(fmt.Sprintf("the state of %s in %s (%s)", h.config.Name, c.relative(h.state), last))
}

// relative is a path as it is written from the working directory.
func (c *Command) relative(path string) string {
	if rel, err := filepath.Rel(c.Dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

func (c *Command) runStatus(o *historyOptions) error {
	cfg, _, err := c.read(o)
	if err != nil {
		return err
	}
	h, err := c.history(cfg, o)
	if err != nil {
		return err
	}
	status, err := h.ledger.Status()
	if err != nil {
		return err
	}
	if o.json {
		return c.printJSON(struct {
			Worker string `json:"worker"`
			State  string `json:"state"`
			*migrations.Status
		}{h.config.Name, h.state, status}, true)
	}
	fmt.Fprintln(c.Stdout, c.title(h))
	c.table("Class", status.Classes)
	c.table("Deleted class", status.Deleted)
	c.table("Class of another branch", status.Aside)
	return nil
}

// table prints classes with their storage, the migrations that created and
// deleted them, and where their data lies.
func (c *Command) table(title string, classes []migrations.Stored) {
	if len(classes) == 0 {
		return
	}
	w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s\tStorage\tMigration\tUnique key\tData\n", title)
	for _, s := range classes {
		by := s.CreatedByTag
		if s.DeletedByTag != "" {
			by = s.DeletedByTag
		}
		var data []string
		if s.Folder != "" {
			data = append(data, c.relative(s.Folder))
		}
		for _, folder := range s.Trash {
			data = append(data, c.relative(folder)+" (purged)")
		}
		if data == nil {
			data = []string{"nothing stored"}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", terminal.Line(s.Class), s.Storage, terminal.Line(by), terminal.Line(s.UniqueKey), terminal.Line(data[0]))
		for _, more := range data[1:] {
			fmt.Fprintf(w, "\t\t\t\t%s\n", terminal.Line(more))
		}
	}
	w.Flush()
}

// printJSON prints an object. The command ends with 1 unless all is well.
func (c *Command) printJSON(v any, ok bool) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	io.WriteString(c.Stdout, string(text)+"\n")
	if !ok {
		return &exit{code: exitError}
	}
	return nil
}

// none makes an empty list of none, for JSON.
func none(list []diagnostic.Diagnostic) []diagnostic.Diagnostic {
	return append([]diagnostic.Diagnostic{}, list...)
}
