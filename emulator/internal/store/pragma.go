package store

import (
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// pragmaArg says what may follow a PRAGMA's name.
type pragmaArg int

const (
	argAny          pragmaArg = iota
	argNone                   // nothing
	argBoolean                // nothing or a boolean
	argName                   // the name of a table or index that is not ours
	argOptionalName           // the same or nothing
	argNameOrNumber           // the same, nothing, or a number
	argNumber                 // nothing or a 32-bit number
)

// pragmas are the PRAGMAs user statements may run
// (https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/,
// "PRAGMA statements").
var pragmas = map[string]pragmaArg{
	"data_version":              argNone,
	"page_size":                 argNone,
	"table_list":                argAny,
	"table_info":                argName,
	"table_xinfo":               argName,
	"case_sensitive_like":       argBoolean,
	"foreign_keys":              argBoolean,
	"defer_foreign_keys":        argBoolean,
	"ignore_check_constraints":  argBoolean,
	"legacy_alter_table":        argBoolean,
	"recursive_triggers":        argBoolean,
	"reverse_unordered_selects": argBoolean,
	"foreign_key_check":         argOptionalName,
	"foreign_key_list":          argName,
	"index_info":                argName,
	"index_list":                argName,
	"index_xinfo":               argName,
	"quick_check":               argNameOrNumber,
	"optimize":                  argNumber,
}

func pragmaAllowed(name string, a sqlite.Arg) bool {
	kind, ok := pragmas[strings.ToLower(name)]
	if !ok {
		return false
	}
	switch kind {
	case argAny:
		return true
	case argNone:
		return !a.Given
	case argBoolean:
		return !a.Given || isBoolean(a.Text)
	case argName:
		return a.Given && allowed(a)
	case argNumber:
		return !a.Given || isInt32(a.Text)
	default:
		return allowed(a)
	}
}

// isSetting reports whether an allowed PRAGMA changes the connection for longer than a transaction.
func isSetting(name string, a sqlite.Arg) bool {
	name = strings.ToLower(name)
	return pragmas[name] == argBoolean && a.Given && name != "defer_foreign_keys"
}

// isInt32 reads a number as C's strtoll does, but octal as decimal.
func isInt32(s string) bool {
	s, base := strings.TrimLeft(s, " \t\n\v\f\r"), 10
	digits := strings.TrimLeft(s, "+-")
	if hex := strings.TrimPrefix(strings.ToLower(digits), "0x"); len(hex) < len(digits) {
		s, base = s[:len(s)-len(digits)]+hex, 16
	}
	_, err := strconv.ParseInt(s, base, 32)
	return err == nil
}

// isBoolean goes by how it begins, as workerd does.
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
