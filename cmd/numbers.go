package emucmd

// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// number is the value of a flag that takes a whole number within bounds, which yargs reads as
// JavaScript does.
type number struct {
	value    int64
	kind     string // says in help and errors what it is
	min, max float64
}

// noPort is the value of a port that is not given.
const noPort = -1

func newPort() *number { return &number{noPort, "port", 0, math.MaxUint16} }

// newMebibytes is memory in MiB. Its maximum is more than any machine has, and in bytes fits an
// int64.
func newMebibytes(mib int64) *number { return &number{mib, "MiB", 1, 1 << 30} }

func (n *number) String() string { return strconv.FormatInt(n.value, 10) }

func (n *number) Type() string { return n.kind }

func (n *number) Set(s string) error {
	f, ok := jsNumber(s)
	if !ok || f < n.min || f > n.max || f != math.Trunc(f) {
		return errors.New("no " + n.kind)
	}
	n.value = int64(f)
	return nil
}

// jsNumber reads a number as JavaScript's Number does: a leading 0 is decimal, and 0x, 0o and 0b are
// not. The empty text, which Number makes 0, is no number here.
//
// Source: https://tc39.es/ecma262/#sec-tonumber-applied-to-the-string-type
func jsNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 2 && s[0] == '0' {
		if base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]; base != 0 {
			n, err := strconv.ParseUint(s[2:], base, 64)
			return float64(n), err == nil
		}
	}
	if strings.Trim(s, "0123456789.eE+-") != "" { // Go would also read inf, 0x1p4 and 1_000
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}
