package emulator

// https://developers.cloudflare.com/workers/configuration/compatibility-flags/

import "github.com/seed-36a2c969/emu/config"

// DefaultCompatibilityDate is what a configuration without a compatibility_date gets.
const DefaultCompatibilityDate = config.DefaultCompatibilityDate

// compat is what a compatibility date and flags change in a world.
type compat struct {
	autoReplyToClose   bool
	closeReasonLimit   bool
	deleteAllAlarm     bool
	stripAuthorization bool
}

func newCompat(cfg *config.Config) compat {
	return compat{
		autoReplyToClose: cfg.Enables("web_socket_auto_reply_to_close"),
		closeReasonLimit: cfg.Enables("websocket_close_reason_byte_limit"),
		deleteAllAlarm:   cfg.Enables("delete_all_deletes_alarm"),

		stripAuthorization: cfg.Enables("strip_authorization_on_cross_origin_redirect"),
	}
}
