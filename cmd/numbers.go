package emucmd

// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// portNumber is the value of a flag that takes a port: a whole number from 0 to 65535, which yargs
// reads as JavaScript does.
type portNumber int

// noPort is the value of a flag that is not given.
const noPort = -1

func (p *portNumber) String() string { return strconv.Itoa(int(*p)) }

func (p *portNumber) Type() string { return "port" }

func (p *portNumber) Set(s string) error {
	n, ok := jsNumber(s)
	if !ok || n < 0 || n > math.MaxUint16 || n != math.Trunc(n) {
		return errors.New("no port")
	}
	*p = portNumber(n)
	return nil
}

// mebibytes is the value of a flag that takes memory in whole MiB, read like a port.
type mebibytes int64

// maxMebibytes is more than any machine has, and its bytes fit an int64.
const maxMebibytes = 1 << 30

func (m *mebibytes) String() string { return strconv.FormatInt(int64(*m), 10) }

func (m *mebibytes) Type() string { return "MiB" }

func (m *mebibytes) Set(s string) error {
	n, ok := jsNumber(s)
	if !ok || n < 1 || n > maxMebibytes || n != math.Trunc(n) {
		return errors.New("no memory")
	}
	*m = mebibytes(n)
	return nil
}

func (m mebibytes) bytes() int64 { return int64(m) << 20 }

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
