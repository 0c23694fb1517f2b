package emulator

// https://developers.cloudflare.com/workers/configuration/compatibility-flags/

import (
	"slices"

	"github.com/seed-36a2c969/emu/config"
)

// DefaultCompatibilityDate is what a configuration without a compatibility_date
// gets: the date of the workerd that emu was recorded against.
const DefaultCompatibilityDate = "2026-11-17"

// compat is what a compatibility date and flags change in a world.
type compat struct {
	autoReplyToClose bool // web_socket_auto_reply_to_close
	closeReasonLimit bool // websocket_close_reason_byte_limit
	deleteAllAlarm   bool // delete_all_deletes_alarm
}

func newCompat(cfg *config.Config) compat {
	date := cfg.CompatibilityDate
	if date == "" {
		date = DefaultCompatibilityDate
	}
	on := func(from, enable, disable string) bool {
		switch {
		case slices.Contains(cfg.CompatibilityFlags, enable):
			return true
		case slices.Contains(cfg.CompatibilityFlags, disable):
			return false
		}
		return date >= from
	}
	return compat{
		autoReplyToClose: on("2026-04-07", "web_socket_auto_reply_to_close", "web_socket_manual_reply_to_close"),
		closeReasonLimit: on("2026-03-03", "websocket_close_reason_byte_limit", "no_websocket_close_reason_byte_limit"),
		deleteAllAlarm:   on("2026-02-24", "delete_all_deletes_alarm", "delete_all_preserves_alarm"),
	}
}
