package stacks

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// maxDump is the size in bytes of the stack dump in which Where looks for a goroutine.
const maxDump = 4 << 20

// Where returns the place in the user's code where a goroutine is.
func Where(id uint64) driver.Place {
	dump := make([]byte, maxDump)
	dump = dump[:runtime.Stack(dump, true)]
	_, rest, ok := bytes.Cut(dump, []byte("goroutine "+strconv.FormatUint(id, 10)+" ["))
	if !ok {
		return driver.Place{}
	}
	block, _, _ := bytes.Cut(rest, []byte("\n\n"))
	frames := strings.Split(string(block), "\n")
	for i := 1; i+1 < len(frames) && !strings.HasPrefix(frames[i], "created by "); i += 2 {
		if at := dumpLine.FindStringSubmatch(frames[i+1]); at != nil && isUsers(frames[i]) {
			return placeOf(at[1], at[2])
		}
	}
	return driver.Place{}
}

// Goroutine returns the number of the calling goroutine. Only a stack trace shows it.
func Goroutine() uint64 {
	var b [32]byte
	text := b[len("goroutine "):runtime.Stack(b[:], false)]
	n := uint64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// Handlers returns the places in the user's code of the handlers that have a turn, by the labels of
// their instances. A goroutine that waits through the emulator has no turn.
func Handlers() map[string]driver.Place {
	found := map[string]driver.Place{}
	for label, record := range labelled {
		if strings.Contains(record, pauses) || strings.Contains(record, waitsFor) {
			continue
		}
		var at driver.Place
		runs := false
		for function, place := range frames(record) {
			runs = runs || strings.HasPrefix(function, runsEvents)
			if at == (driver.Place{}) && isUsers(function) {
				at = place
			}
		}
		if runs && at != (driver.Place{}) {
			found[label] = at
		}
	}
	return found
}
