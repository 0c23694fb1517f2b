package config

// Compatibility dates and flags.
// https://developers.cloudflare.com/workers/configuration/compatibility-dates/

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// DefaultCompatibilityDate is what a configuration without a compatibility_date
// gets: the date of the workerd that emu was recorded against.
const DefaultCompatibilityDate = "2026-11-17"

// compatibilityJSON is what workerd's own binary says of its flags; its first field
// names the binary.
//
//go:embed compatibility.json
var compatibilityJSON []byte

// compatibilityTable are the flags that the recorded workerd knows, in its order.
type compatibilityTable struct {
	From string `json:"from"`
	// Newest is the last date that this workerd knows.
	Newest string              `json:"newest"`
	Flags  []compatibilityFlag `json:"flags"`
}

// compatibilityFlag is one behaviour of workerd that changed.
type compatibilityFlag struct {
	Enable  string `json:"enable"`
	Disable string `json:"disable,omitempty"`
	// Date is the first on which it is on; "" is none yet.
	Date string `json:"date,omitempty"`
	// Always is a behaviour that is on at every date.
	Always bool `json:"always,omitempty"`
	// Experimental flags are refused by a deployment; a dev server takes them.
	Experimental bool `json:"experimental,omitempty"`
	// ImpliedBy are flags any of which switches it on from ImpliedAfter on.
	ImpliedBy    []string `json:"implied_by,omitempty"`
	ImpliedAfter string   `json:"implied_after,omitempty"`
}

var compatibilityFlags = sync.OnceValue(func() *compatibilityTable {
	t := &compatibilityTable{}
	if err := json.Unmarshal(compatibilityJSON, t); err != nil {
		panic("config: compatibility.json: " + err.Error())
	}
	return t
})

// Enables reports whether the date and the flags of the configuration switch on the
// behaviour with this enabling flag. A date that is newer than the recorded workerd
// counts as the newest that it knows.
func (c *Config) Enables(flag string) bool {
	t := compatibilityFlags()
	i := slices.IndexFunc(t.Flags, func(f compatibilityFlag) bool { return f.Enable == flag })
	if i < 0 {
		panic("config: workerd has no compatibility flag " + flag)
	}
	f := t.Flags[i]
	switch {
	case slices.Contains(c.CompatibilityFlags, f.Enable):
		return true
	case f.Disable != "" && slices.Contains(c.CompatibilityFlags, f.Disable):
		return false
	}
	date := c.CompatibilityDate
	if date == "" {
		date = DefaultCompatibilityDate
	}
	return f.Always || f.Date != "" && min(date, t.Newest) >= f.Date
}

// today is the date in UTC, as real ones judge whether a date is in the future; ""
// if the clock is of no use: one that is behind the recorded workerd is not the
// world's, such as that of a testing/synctest bubble, which begins in 2000.
func today() string {
	if now := time.Now().UTC().Format(time.DateOnly); now >= compatibilityFlags().Newest {
		return now
	}
	return ""
}

// checkCompatibility says what Wrangler's dev command and then workerd refuse of the
// date and the flags, or warn of.
func (c *Config) checkCompatibility(today string) (errs, warnings []diagnostic.Diagnostic) {
	t := compatibilityFlags()
	date, flags := c.CompatibilityDate, c.CompatibilityFlags
	if date == "" && !c.dateGiven {
		date = DefaultCompatibilityDate
	}
	fail := func(at diagnostic.Place, hint, format string, args ...any) {
		errs = append(errs, diagnostic.Diagnostic{Text: fmt.Sprintf(format, args...), Place: at, Hint: hint})
	}
	warn := func(at diagnostic.Place, hint, format string, args ...any) {
		warnings = append(warnings, diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: fmt.Sprintf(format, args...), Place: at, Hint: hint})
	}

	// Wrangler's bundler looks first, and stops at its first error.
	if slices.Contains(flags, "experimental:nodejs_compat_v2") {
		fail(c.flagPlace("experimental:nodejs_compat_v2"), `write "nodejs_compat_v2"`, msgNodeCompatPrefix)
		return errs, nil
	}
	if slices.Contains(flags, "nodejs_compat") && slices.Contains(flags, "nodejs_compat_v2") {
		fail(c.flagPlace("nodejs_compat_v2"), "", msgNodeCompatBoth)
		return errs, nil
	}
	// Then Miniflare, which compares the texts: "Jan 2, 2020" is behind every date.
	const form = `a date is written "` + DefaultCompatibilityDate + `"`
	if today != "" && date > today {
		hint := form
		if isCompatibilityDay(date) {
			hint = "today is " + today + " in UTC"
		}
		fail(c.datePlace, hint, msgDateFuture, date)
		return errs, nil
	}
	// What is on by its date since then is no news to Miniflare: it takes the flags away.
	if date >= "2026-08-04" {
		keep := func(flag string) bool { return slices.Contains(flags, "no_"+flag) }
		flags = slices.DeleteFunc(slices.Clone(flags), func(f string) bool {
			return (f == "nodejs_compat" || f == "nodejs_compat_v2") && !keep(f)
		})
	}

	// What follows is workerd's, which goes through all of it.
	service := "service core:user:" + c.Name + ": "
	newer := false // than workerd knows: what it does not know may be right
	switch {
	case !isCompatibilityDay(date):
		fail(c.datePlace, form, service+msgDateInvalid, date)
	case date > t.Newest:
		newer = true
		warn(c.datePlace, fmt.Sprintf("it runs as %q here", t.Newest), service+msgDateNewer, date, t.Newest)
	}
	// Flags are taken from the unknown ones as from workerd's hash table, in which the
	// last entry moves into the gap: that is the order in which they are listed.
	unknown, at := []string{}, map[string]int{}
	for _, f := range flags {
		if _, twice := at[f]; twice {
			fail(c.flagPlace(f), "remove one of them", service+msgFlagTwice, f)
			continue
		}
		at[f] = len(unknown)
		unknown = append(unknown, f)
	}
	take := func(flag string) bool {
		i, ok := at[flag]
		if flag == "" || !ok {
			return false
		}
		last := len(unknown) - 1
		unknown[i] = unknown[last]
		at[unknown[i]] = i
		delete(at, flag)
		unknown = unknown[:last]
		return true
	}
	for _, f := range t.Flags {
		enabled, disabled := take(f.Enable), take(f.Disable)
		if enabled && disabled {
			fail(c.flagPlace(f.Disable), "remove one of the two", service+msgFlagsContradict, f.Enable, f.Disable)
		}
		switch {
		case enabled && f.Always:
			warn(c.flagPlace(f.Enable), "", service+msgFlagDefault, f.Enable)
		case enabled && f.Date != "" && date >= f.Date && isCompatibilityDay(date):
			warn(c.flagPlace(f.Enable), "", service+msgFlagDefaultSince, f.Enable, f.Date)
		}
	}
	const most = 8 // more hints would not be read, and each takes time
	for i, f := range unknown {
		hint, near := "", ""
		if i < most {
			near = diagnostic.Suggest(f, t.names())
		}
		if near != "" {
			hint = "did you mean " + near + "?"
		}
		say := fail
		if newer {
			say = warn
		}
		say(c.flagPlace(f), hint, service+msgFlagUnknown, f)
	}
	return errs, warnings
}

// names are the flags that can be given.
func (t *compatibilityTable) names() []string {
	var names []string
	for _, f := range t.Flags {
		names = append(names, f.Enable)
		if f.Disable != "" {
			names = append(names, f.Disable)
		}
	}
	return names
}

// flagPlace is where a flag stands for the last time.
func (c *Config) flagPlace(flag string) diagnostic.Place { return c.flagPlaces[flag] }

// isCompatibilityDay reports whether workerd reads a date: of the years 2000 to 2999,
// with a day up to 31 in every month, as strptime has it.
func isCompatibilityDay(s string) bool {
	if len(s) != len(time.DateOnly) || s[0] != '2' || s[4] != '-' || s[7] != '-' {
		return false
	}
	year, month, day := s[:4], s[5:7], s[8:]
	return strings.Trim(year+month+day, "0123456789") == "" &&
		month >= "01" && month <= "12" && day >= "01" && day <= "31"
}
