package syntax

import (
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// isoDate writes a TOML date as Wrangler does. It returns "" for a date that does not
// exist; 30 February is 2 March in JavaScript, and no error.
func isoDate(s string, k unstable.Kind) string {
	s = strings.ToUpper(s)
	if k == unstable.LocalTime {
		t, ok := isoTime("2000-01-01T" + s + "Z")
		if !ok {
			return ""
		}
		return t.Format("15:04:05.000")
	}
	if len(s) < len("2006-01-02") || k != unstable.LocalDate && len(s) < len("2006-01-02T15:04") {
		return ""
	}
	if k == unstable.LocalDate {
		t, ok := isoTime(s + "T00:00Z")
		if !ok {
			return ""
		}
		return t.Format("2006-01-02")
	}
	zone := ""
	if k == unstable.DateTime {
		zone = s[strings.LastIndexAny(s, "Z+-"):]
		s = strings.TrimSuffix(s, zone)
	}
	t, ok := isoTime(s[:10] + "T" + s[11:] + "Z")
	if _, err := time.Parse("Z07:00", zone); !ok || err != nil && zone != "" {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000") + zone
}

// isoTime reads a date and a time in UTC. The day may be past the end of its month.
func isoTime(s string) (time.Time, bool) {
	day, err := strconv.Atoi(s[8:10])
	if err != nil || day < 1 || day > 31 {
		return time.Time{}, false
	}
	s = s[:8] + "01" + s[10:]
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04Z", s)
	}
	return t.AddDate(0, 0, day-1), err == nil
}
