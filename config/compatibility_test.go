package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// TestCompatibilityRecorded: of a date and flags a start says what wrangler dev said.
func TestCompatibilityRecorded(t *testing.T) {
	data, err := os.ReadFile("../fixtures/compatibility/dev.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Today string
		Cases []struct {
			Date             string
			Flags            []string
			Serves           bool
			Errors, Warnings []string
		}
	}
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, c := range recorded.Cases {
		t.Run(c.Date+" "+strings.Join(c.Flags, ","), func(t *testing.T) {
			cfg := &Config{Name: "w", CompatibilityDate: c.Date, CompatibilityFlags: c.Flags}
			errs, warnings := cfg.checkCompatibility(recorded.Today)
			if got := texts(errs); !slices.Equal(got, c.Errors) || (got == nil) != c.Serves {
				t.Errorf("errors:\n%q\nrecorded:\n%q", got, c.Errors)
			}
			if got := texts(warnings); !slices.Equal(got, c.Warnings) {
				t.Errorf("warnings:\n%q\nrecorded:\n%q", got, c.Warnings)
			}
		})
	}
}

func texts(list []diagnostic.Diagnostic) (texts []string) {
	for _, d := range list {
		texts = append(texts, d.Text)
	}
	return texts
}

// TestCompatibilityToday: today's date is good, tomorrow's is not, and what is newer
// than the recorded workerd is one warning and runs as the newest.
func TestCompatibilityToday(t *testing.T) {
	tests := []struct {
		name, date, today string
		flags             []string
		errors, warnings  []string
	}{
		{"today", "2026-11-20", "2026-11-20", nil, nil, nil},
		{"tomorrow", "2026-11-21", "2026-11-20", nil, []string{`Compatibility date "2026-11-21" is in the future and unsupported`}, nil},
		{"the newest", "2026-11-24", "2027-01-01", nil, nil, nil},
		{"newer", "2026-11-25", "2027-01-01", nil, nil, []string{
			`service core:user:w: This Worker requires compatibility date "2026-11-25", but the newest date supported by this server binary is "2026-11-24".`}},
		{"newer, with a flag of its time", "2026-12-31", "2027-01-01", []string{"flag_of_2027", "no_rpc"}, nil, []string{
			`service core:user:w: This Worker requires compatibility date "2026-12-31", but the newest date supported by this server binary is "2026-11-24".`,
			`service core:user:w: No such compatibility flag: flag_of_2027`}},
		{"newer, with flags that exclude each other", "2026-12-31", "2027-01-01", []string{"rpc", "no_rpc"},
			[]string{`service core:user:w: Compatibility flags are mutually contradictory: rpc vs no_rpc`}, []string{
				`service core:user:w: This Worker requires compatibility date "2026-12-31", but the newest date supported by this server binary is "2026-11-24".`,
				`service core:user:w: The compatibility flag rpc became the default as of 2024-04-03 so does not need to be specified anymore.`}},
		{"newer, by a clock of no use", "2999-01-01", "", nil, nil, []string{
			`service core:user:w: This Worker requires compatibility date "2999-01-01", but the newest date supported by this server binary is "2026-11-24".`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := &Config{Name: "w", CompatibilityDate: test.date, CompatibilityFlags: test.flags}
			errs, warnings := cfg.checkCompatibility(test.today)
			if !slices.Equal(texts(errs), test.errors) || !slices.Equal(texts(warnings), test.warnings) {
				t.Errorf("errors %q\nwarnings %q", texts(errs), texts(warnings))
			}
		})
	}
	if got := today(); got < "2026-11-30" || len(got) != len(time.DateOnly) {
		t.Errorf("today is %q", got)
	}
	synctest.Test(t, func(t *testing.T) {
		if got := today(); got != "" {
			t.Errorf("in a bubble, in %d, today is %q", time.Now().Year(), got)
		}
	})
}

// TestCompatibilityPlaces: what is refused is shown where it stands.
func TestCompatibilityPlaces(t *testing.T) {
	dir := t.TempDir()
	text := "{\n  \"name\": \"w\",\n  \"compatibility_date\": \"2999-01-01\",\n  \"compatibility_flags\": [\"rpc\",\n    \"web_socket_manual_reply_to_clos\"]\n}"
	if err := os.WriteFile(filepath.Join(dir, "wrangler.jsonc"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	good := "2026-01-01"
	for _, test := range []struct {
		name    string
		options Options
		place   diagnostic.Place
		hint    string
	}{
		{"date", Options{}, diagnostic.Place{File: "wrangler.jsonc", Line: 3, Column: 25, Length: 12}, "today is " + time.Now().UTC().Format(time.DateOnly)},
		{"flag", Options{CompatibilityDate: &good}, diagnostic.Place{File: "wrangler.jsonc", Line: 5, Column: 5, Length: 33}, "did you mean web_socket_manual_reply_to_close?"},
		{"flag of the command line", Options{CompatibilityDate: &good, CompatibilityFlags: []string{"web_socket_manual_reply_to_clos"}}, diagnostic.Place{}, "did you mean web_socket_manual_reply_to_close?"},
	} {
		test.options.Dir = dir
		r := Load(test.options)
		if r.Config == nil {
			t.Fatal(r.Errors)
		}
		errs, _ := r.Config.CheckStart()
		if len(errs) != 1 || errs[0].Place != test.place || !strings.HasPrefix(errs[0].Hint, test.hint) && test.name != "date" {
			t.Errorf("%s: %+v", test.name, errs)
		}
	}
}

// TestEnables: what a date and flags switch on. Only dates of the form that a start
// takes do; a start refuses the others.
func TestEnables(t *testing.T) {
	const flag, not = "web_socket_auto_reply_to_close", "web_socket_manual_reply_to_close" // 2026-04-07
	for _, test := range []struct {
		date  string
		flags []string
		want  bool
	}{
		{"", nil, true},
		{"2026-04-06", nil, false},
		{"2026-04-07", nil, true},
		{"2999-01-01", nil, true},
		{"2026-04-06", []string{flag}, true},
		{"2026-04-07", []string{not}, false},
	} {
		c := &Config{CompatibilityDate: test.date, CompatibilityFlags: test.flags}
		if got := c.Enables(flag); got != test.want {
			t.Errorf("%q %q: %t", test.date, test.flags, got)
		}
	}
	if (&Config{CompatibilityDate: "2999-01-01"}).Enables("temporal") {
		t.Error("a date that is newer than workerd switches on what that does not have on yet")
	}
}
