package devserver

// What a start prints, as Wrangler does.

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator"
)

// Banner writes what is known before a server starts. program is emu's name and version.
func (l *Log) Banner(program string, r *config.Result) {
	title := " ⛅️ " + program
	l.Print("\n" + title + "\n" + strings.Repeat("─", utf8.RuneCountInString(title)))
	for _, file := range r.SecretFiles {
		l.Print(fmt.Sprintf(msgSecrets, terminal.Line(file)))
	}
	if table := bindings(r.Config); table != "" {
		l.Print(table)
	}
	l.Diagnostics(r.Notices)
	l.Diagnostics(r.Warnings)
	if r.Config.CompatibilityDate == "" {
		l.Diagnostics([]diagnostic.Diagnostic{noDate(r.Config)})
	}
	l.withoutEffect(r.Config.NotEmulated)
	l.Print(msgStarting)
}

// withoutEffect lists the fields that do nothing on this machine. Those with bindings get a warning
// each, since the program will not find the bindings; the others are a table.
func (l *Log) withoutEffect(given []config.Field) {
	var fields []config.Field
	for _, f := range given {
		if len(f.Bindings) == 0 {
			fields = append(fields, f)
			continue
		}
		l.Diagnostics([]diagnostic.Diagnostic{{
			Severity: diagnostic.SeverityWarning, Text: "env." + strings.Join(f.Bindings, ", env.") + " (" + f.Name + "): emu does not emulate this kind of binding",
		}})
	}
	if len(fields) == 0 {
		return
	}
	names := make([]string, len(fields))
	width := len("Field")
	for i, f := range fields {
		names[i] = f.Name
		width = max(width, utf8.RuneCountInString(f.Name))
	}
	if l.JSON {
		l.Say("not emulated, and without effect here: " + strings.Join(names, ", "))
		return
	}
	var b strings.Builder
	b.WriteString("Not emulated, and without effect here:\n" + padded("Field", width) + columnGap + "Documentation\n")
	for _, f := range fields {
		b.WriteString(padded(f.Name, width) + columnGap + f.Page + "\n")
	}
	l.Print(b.String())
}

// noDate is the warning about a configuration without a compatibility date.
func noDate(c *config.Config) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: fmt.Sprintf(msgNoDate, emulator.DefaultCompatibilityDate)}
	if c.Path != "" {
		line := `{"compatibility_date":"` + emulator.DefaultCompatibilityDate + `"}`
		if filepath.Ext(c.Path) == ".toml" {
			line = `compatibility_date = "` + emulator.DefaultCompatibilityDate + `"`
		}
		d.Notes = append(d.Notes, diagnostic.Note{Text: "❯❯ " + fmt.Sprintf(msgNoDateHint, filepath.Base(c.Path), line)})
	}
	d.Notes = append(d.Notes, diagnostic.Note{Text: "See " + msgNoDatePage + " for more information."})
	return d
}

// The table's columns are this far apart, and longer values are cut.
const (
	columnGap = "      "
	maxValue  = 40
)

// bindings is the table of a Worker's bindings, "" if it has none.
func bindings(c *config.Config) string {
	type row struct{ name, value, resource string }
	var rows []row
	for _, b := range c.Bindings {
		rows = append(rows, row{terminal.Line(b.Name), terminal.Line(b.ClassName), "Durable Object"})
	}
	for _, v := range c.Vars {
		value := terminal.Line(cut(string(v.JSON)))
		switch {
		case v.Secret:
			value = `"(hidden)"`
		case v.IsText:
			value = `"` + terminal.Line(cut(v.Text)) + `"`
		}
		rows = append(rows, row{terminal.Line(v.Name), value, "Environment Variable"})
	}
	if len(rows) == 0 {
		return ""
	}
	name, value, resource := 0, 0, len("Resource")
	for _, r := range rows {
		name = max(name, utf8.RuneCountInString(r.name))
		value = max(value, utf8.RuneCountInString(r.value))
		resource = max(resource, len(r.resource))
	}
	width := len("env.") + name + len(" (") + value + len(")")
	var b strings.Builder
	line := func(first, second, third string) {
		fmt.Fprintf(&b, "%s%s%s%s%s\n", padded(first, width), columnGap, padded(second, resource), columnGap, third)
	}
	b.WriteString(msgBindings + "\n")
	line("Binding", "Resource", "Mode")
	for _, r := range rows {
		line("env."+r.name+" ("+r.value+")", r.resource, "local")
	}
	return b.String()
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// cut shortens a value as Wrangler does.
func cut(s string) string {
	if utf8.RuneCountInString(s) < maxValue {
		return s
	}
	return string([]rune(s)[:maxValue-3]) + "..."
}
