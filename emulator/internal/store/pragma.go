package store

import (
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// pragmaAllowed reports whether user statements may run a PRAGMA with an argument
// (https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/, "PRAGMA
// statements").
func pragmaAllowed(name string, a sqlite.Arg) bool {
	name = strings.ToLower(name)
	switch name {
	case "table_list":
		return true
	case "data_version", "page_size":
		return !a.Given
	case "table_info", "table_xinfo", "foreign_key_list", "index_info", "index_list", "index_xinfo":
		return a.Given && allowed(a)
	case "foreign_key_check", "quick_check":
		return allowed(a)
	case "optimize":
		return !a.Given || isInt32(a.Text)
	}
	return settings[name] && (!a.Given || isBoolean(a.Text))
}

// settings are the PRAGMAs that take a boolean.
var settings = set(`
	case_sensitive_like defer_foreign_keys foreign_keys ignore_check_constraints legacy_alter_table recursive_triggers
	reverse_unordered_selects`)

// isSetting reports whether an allowed PRAGMA changes the connection for longer than a transaction.
func isSetting(name string, a sqlite.Arg) bool {
	name = strings.ToLower(name)
	return settings[name] && a.Given && name != "defer_foreign_keys"
}

// isInt32 reports whether s is a number of 32 bits as C's strtoll reads it, but with octal read as
// decimal.
func isInt32(s string) bool {
	s, base := strings.TrimLeft(s, " \t\n\v\f\r"), 10
	digits := strings.TrimLeft(s, "+-")
	if hex := strings.TrimPrefix(strings.ToLower(digits), "0x"); len(hex) < len(digits) {
		s, base = s[:len(s)-len(digits)]+hex, 16
	}
	_, err := strconv.ParseInt(s, base, 32)
	return err == nil
}

// isBoolean reports whether s begins with a boolean: workerd looks no further.
func isBoolean(s string) bool {
	if n := len(s); n >= 2 && (s[0] == '\'' || s[0] == '"') && s[n-1] == s[0] {
		s = s[1 : n-1]
	}
	s = strings.ToLower(s)
	for _, word := range [...]string{"true", "false", "yes", "no", "on", "off", "1", "0"} {
		if strings.HasPrefix(s, word) {
			return true
		}
	}
	return false
}
