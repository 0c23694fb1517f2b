package migrations

// A running wrangler dev that shares the state: it takes no lock, and two runtimes on
// one object's database would each hold alarms and memory that the other does not know
// of (https://developers.cloudflare.com/workers/wrangler/commands/#dev).

import (
	"fmt"
	"os"
	"path/filepath"
)

// WranglerError says that a running wrangler dev has a Worker's state open.
type WranglerError struct {
	// PID is its workerd's.
	PID int
	// Dir is the folder of the namespace that it has open.
	Dir string
}

func (e *WranglerError) Error() string { return fmt.Sprintf(msgWrangler, e.PID, e.Dir) }

// Hint is what to do about it.
func (e *WranglerError) Hint() string {
	return "end wrangler dev first, or keep emu's state elsewhere with --persist-to"
}

// CheckWrangler fails with a [WranglerError] if a running wrangler dev has one of the
// namespaces below persist open, as far as the system shows: it looks on Linux only,
// for a fifth of a second at most, and sees only processes of the same user.
func CheckWrangler(persist string, uniqueKeys []string) error {
	var dirs []string
	for _, key := range uniqueKeys {
		dir := filepath.Join(Dir(persist), key)
		// workerd opens it at its start; nobody who has it open is without this file.
		if _, err := os.Stat(filepath.Join(dir, "metadata.sqlite-wal")); persist != "" && err == nil {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	if pid, dir := workerdIn(dirs); pid != 0 {
		return &WranglerError{PID: pid, Dir: dir}
	}
	return nil
}
