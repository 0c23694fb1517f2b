package emucmd

// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/config/javascript"
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
	f, ok := javascript.ParseNumber(s)
	if !ok || strings.TrimSpace(s) == "" || f < n.min || f > n.max || f != math.Trunc(f) {
		return errors.New("no " + n.kind)
	}
	n.value = int64(f)
	return nil
}
