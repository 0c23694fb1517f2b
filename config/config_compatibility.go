package config

// Compatibility dates and flags:
// https://developers.cloudflare.com/workers/configuration/compatibility-dates/

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// DefaultCompatibilityDate is the compatibility date of a configuration without one: the
// date of the workerd whose behaviour emu was recorded from.
const DefaultCompatibilityDate = "2026-11-17"

// compatibilityJSON is the table of flags in workerd's binary. Its first field names the
// binary.
//
//go:embed compatibility.json
var compatibilityJSON []byte

// compatibilityTable lists the flags that the recorded workerd knows, in its order.
type compatibilityTable struct {
	From string `json:"from"`
	// Newest is the last date that this workerd knows.
	Newest string              `json:"newest"`
	Flags  []compatibilityFlag `json:"flags"`
}

// compatibilityFlag switches one changed behaviour of workerd on or off.
type compatibilityFlag struct {
	Enable  string `json:"enable"`
	Disable string `json:"disable,omitempty"`
	// Date is the first compatibility date that switches the behaviour on, "" if none does.
	Date string `json:"date,omitempty"`
	// Always means that the behaviour is on at every date.
	Always bool `json:"always,omitempty"`
}

var compatibilityFlags = sync.OnceValue(func() *compatibilityTable {
	t := &compatibilityTable{}
	if err := json.Unmarshal(compatibilityJSON, t); err != nil {
		panic("config: compatibility.json: " + err.Error())
	}
	return t
})

// Enables reports whether the configuration switches on the behaviour of an enabling
// flag, by its date or by its flags. A date that is newer than the recorded workerd counts
// as the newest that workerd knows.
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

// today is the date in UTC: Miniflare refuses a later one. It is "" if the clock shows a date
// from before the recorded workerd and so must be wrong, as in a testing/synctest bubble,
// which begins in 2000.
func today() string {
	if now := time.Now().UTC().Format(time.DateOnly); now >= compatibilityFlags().Newest {
		return now
	}
	return ""
}

// checkCompatibility returns the errors and warnings of Wrangler's dev command, and then
// of workerd, about the date and the flags.
func (c *Config) checkCompatibility(today string) (errs, warnings []diagnostic.Diagnostic) {
	t := compatibilityFlags()
	date, flags := c.CompatibilityDate, c.CompatibilityFlags
	if date == "" && !c.dateGiven {
		date = DefaultCompatibilityDate
	}
	fail := func(at diagnostic.Place, hint, format string, args ...any) {
		errs = append(errs, diagnostic.Errorf(at, hint, format, args...))
	}
	warn := func(at diagnostic.Place, hint, format string, args ...any) {
		warnings = append(warnings, diagnostic.Warningf(at, hint, format, args...))
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
	// Then Miniflare. It compares strings, so "January" is later than every date.
	const form = `a date is written "` + DefaultCompatibilityDate + `"`
	if today != "" && date > today {
		hint := form
		if compatibilityDay.MatchString(date) {
			hint = "today is " + today + " in UTC"
		}
		fail(c.datePlace, hint, msgDateFuture, date)
		return errs, nil
	}
	// From this date on Miniflare drops both flags, since they are the default, and so workerd
	// does not warn of them.
	if date >= "2026-08-04" {
		keep := func(flag string) bool { return slices.Contains(flags, "no_"+flag) }
		flags = slices.DeleteFunc(slices.Clone(flags), func(f string) bool {
			return (f == "nodejs_compat" || f == "nodejs_compat_v2") && !keep(f)
		})
	}

	// Then workerd, which reports every error and not only the first.
	service := "service core:user:" + c.Name + ": "
	newer := false // if the date is newer than workerd, an unknown flag may be right
	switch {
	case !compatibilityDay.MatchString(date):
		fail(c.datePlace, form, service+msgDateInvalid, date)
	case date > t.Newest:
		newer = true
		warn(c.datePlace, fmt.Sprintf("it runs as %q here", t.Newest), service+msgDateNewer, date, t.Newest)
	}
	// workerd puts the flags into a hash table, removes those that it knows, and reports the
	// rest in the table's order. A removal moves the last entry into the gap, as take does.
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
		case enabled && f.Date != "" && date >= f.Date && compatibilityDay.MatchString(date):
			warn(c.flagPlace(f.Enable), "", service+msgFlagDefaultSince, f.Enable, f.Date)
		}
	}
	const most = 8 // nobody reads more hints, and each costs a search
	for i, f := range unknown {
		hint := ""
		if i < most {
			hint = diagnostic.DidYouMean(f, t.names(), "did you mean %s?")
		}
		say := fail
		if newer {
			say = warn
		}
		say(c.flagPlace(f), hint, service+msgFlagUnknown, f)
	}
	return errs, warnings
}

// names are all flags that workerd knows.
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

// flagPlace is the place of a flag, of its last occurrence if it is given twice.
func (c *Config) flagPlace(flag string) diagnostic.Place { return c.flagPlaces[flag] }

// compatibilityDay matches a date that workerd can read. It uses strptime, which accepts the
// years 2000 to 2999 and 31 days in every month.
var compatibilityDay = regexp.MustCompile(`^2\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
