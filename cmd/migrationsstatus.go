package emucmd

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/migrations"
)

func migrationsStatus(c *Command) *cobra.Command {
	var o historyFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the classes and where their data lies",
		Long: `Shows what was applied to the stored data, which classes there are, and where
their data and that of deleted classes lies.

Exit status: 0, 1 if the configuration or the stored state cannot be read, 2
for a wrong command.`,
		Example: "  emu migrations status --persist-to .emu/state",
		RunE:    func(*cobra.Command, []string) error { return answer(c, &o, runStatus) },
	}
	o.add(cmd)
	return cmd
}

func runStatus(c *Command, o *historyFlags) error {
	cfg, _, err := readConfig(c, o)
	if err != nil {
		return err
	}
	h, err := openHistory(c, cfg, o)
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
	fmt.Fprintln(c.Stdout, h.title(c))
	table(c, "Class", status.Classes)
	table(c, "Deleted class", status.Deleted)
	table(c, "Class of another branch", status.Aside)
	return nil
}

// table prints classes with their storage, the migrations that created and deleted them, and the
// folders of their data.
func table(c *Command, title string, classes []migrations.Stored) {
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
