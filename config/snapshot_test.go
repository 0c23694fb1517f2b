package config

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
)

var update = flag.Bool("update", false, "write the snapshots of testdata/render")

// snapshots are recorded cases whose rendering is kept for review.
var snapshots = []string{
	"011-jsonc-empty-file", "021-jsonc-missing-comma", "029-jsonc-single-quotes", "037-jsonc-newline-in-string",
	"055-jsonc-bom-utf16be", "061-jsonc-crlf-error-line", "064-jsonc-unicode-before-error",
	"085-toml-datetime-var", "086-toml-compat-date-as-date", "089-toml-redefine-dotted", "093-toml-unterminated-string",
	"102-toml-keys-after-table-captured", "103-toml-json-content-in-toml", "112-toml-unicode-before-error",
	"123-name-uppercase", "157-unknown-typo-durable-object", "163-deprecated-type-zone-id-webpack", "208-dev-port-negative",
	"225-do-missing-name", "228-do-wrong-types", "242-do-name-collides-with-var", "248-do-no-migrations",
	"265-mig-not-array", "268-mig-item-null", "271-mig-new-classes-string", "280-mig-unknown-fields-two-items",
	"287-exports-and-migrations", "312-env-unknown-name", "323-env-errors-in-selected-env",
	"361-discover-config-arg-unknown-extension",
}

func TestRenderSnapshots(t *testing.T) {
	for _, id := range snapshots {
		t.Run(id, func(t *testing.T) {
			dir, _, o := readCase(t, id)
			var b bytes.Buffer
			if err := renderAll(&b, Load(o)); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(b.String(), dir, "<CASE>")
			path := filepath.Join("testdata", "render", id+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestRenderFitsEightyColumns(t *testing.T) {
	for _, id := range cases(t) {
		_, _, o := readCase(t, id)
		var b bytes.Buffer
		if err := renderAll(&b, Load(o)); err != nil {
			t.Fatal(err)
		}
		checkRendered(t, id, b.String())
	}
}

// TestRenderUnwrapped: into a file, a line of a text is one line.
func TestRenderUnwrapped(t *testing.T) {
	for _, id := range cases(t) {
		_, _, o := readCase(t, id)
		r := Load(o)
		for _, d := range slices.Concat(r.Errors, r.Warnings) {
			var b bytes.Buffer
			if err := d.Render(&b, diagnostic.Unwrapped); err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(d.Text+"\n"+d.Hint, "\n") {
				if line = strings.TrimSpace(line); len(line) < 1000 && !strings.Contains(b.String(), terminal.Line(line)) {
					t.Errorf("%s: %q is not in\n%s", id, line, b.String())
				}
			}
		}
	}
}

// renderAll writes what came of a reading, in Wrangler's order.
func renderAll(w io.Writer, r *Result) error {
	for _, d := range slices.Concat(r.Notices, r.Warnings, r.Errors) {
		if err := d.Render(w, diagnostic.Wrapped); err != nil {
			return err
		}
	}
	return nil
}

// checkRendered asks that text fits the terminal and does not change it.
func checkRendered(t *testing.T, id, rendered string) {
	t.Helper()
	for line := range strings.SplitSeq(rendered, "\n") {
		if diagnostic.Width(line) > 80 {
			t.Errorf("%s: %d columns: %s", id, diagnostic.Width(line), line)
		}
		if strings.ContainsAny(line, "\x1b\r\x00") {
			t.Errorf("%s: control characters in %q", id, line)
		}
	}
}
