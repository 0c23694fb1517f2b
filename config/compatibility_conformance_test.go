//go:build conformance

package config

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCompatibilityConformance asks the real workerd about every flag of the table, at
// the date that switches it on and the day before, and of the newest date.
//
//	EMU_ORACLE=DIR go test -tags conformance -run CompatibilityConformance ./config
func TestCompatibilityConformance(t *testing.T) {
	oracle := os.Getenv("EMU_ORACLE")
	if oracle == "" {
		t.Skip("EMU_ORACLE is not set")
	}
	dir := t.TempDir()
	// ask lists what workerd says. It never serves: one flag is always wrong.
	ask := func(date string, experimental bool, flags ...string) []string {
		quote := func(s string) string {
			b, _ := json.Marshal(s)
			return string(b)
		}
		var quoted []string
		for _, f := range flags {
			quoted = append(quoted, quote(f))
		}
		text := fmt.Sprintf("using Workerd = import \"/workerd/workerd.capnp\";\nconst config :Workerd.Config = (services = [(name = \"core:user:w\", worker = "+
			"(serviceWorkerScript = \"addEventListener('fetch', () => {})\", compatibilityDate = %s, compatibilityFlags = [%s]))]);\n", quote(date), strings.Join(quoted, ", "))
		file := filepath.Join(dir, "config.capnp")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		args := []string{"serve", file}
		if experimental {
			args = append(args, "--experimental")
		}
		out, err := exec.Command(filepath.Join(oracle, "workerd"), args...).CombinedOutput()
		if err == nil {
			t.Fatalf("workerd serves %s %q", date, flags)
		}
		return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	table := compatibilityFlags()
	var more struct {
		Flags []struct{ Experimental bool } // a deployment refuses them, wrangler dev does not
	}
	if err := json.Unmarshal(compatibilityJSON, &more); err != nil {
		t.Fatal(err)
	}
	for i, f := range table.Flags {
		dates := []string{table.Newest, "2021-01-01"}
		if f.Date != "" && f.Date <= table.Newest {
			day, err := time.Parse(time.DateOnly, f.Date)
			if err != nil {
				t.Fatal(err)
			}
			dates = append(dates, f.Date, day.AddDate(0, 0, -1).Format(time.DateOnly))
		}
		flags := []string{f.Enable, "no_such_flag"}
		if f.Disable != "" {
			flags = append(flags, f.Disable)
		}
		for _, date := range dates {
			c := &Config{Name: "w", CompatibilityDate: date, CompatibilityFlags: flags}
			errs, warnings := c.checkCompatibility("2026-11-30")
			real, ours := ask(date, true, flags...), append(texts(errs), texts(warnings)...)
			// Miniflare takes nodejs_compat away; python_workers makes workerd fetch a bundle.
			if !slices.Equal(real, ours) && !strings.HasPrefix(f.Enable, "nodejs_compat") && f.Enable != "python_workers" {
				t.Errorf("%s %q\nreal: %q\nemu:  %q", date, flags, real, ours)
			}
		}
		refused := slices.ContainsFunc(ask("2021-01-01", false, flags...), func(s string) bool { return strings.Contains(s, f.Enable+" is experimental") })
		if refused != more.Flags[i].Experimental {
			t.Errorf("%s: experimental %t", f.Enable, refused)
		}
	}
	if got := ask("2027-01-01", true, "no_such_flag"); !strings.HasSuffix(got[0], fmt.Sprintf("by this server binary is %q.", table.Newest)) {
		t.Errorf("newest: %q", got)
	}
}
