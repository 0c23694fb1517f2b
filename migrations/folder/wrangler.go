package folder

// A running wrangler dev takes no lock, and so could use the same state. It and emu would then
// have alarms and objects in memory that the other does not know
// (https://developers.cloudflare.com/workers/wrangler/commands/#dev).

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// CheckWrangler fails if a running wrangler dev has one of the namespaces below persist
// open. It looks on Linux only, for a fifth of a second at most, and sees only processes
// of the same user.
func CheckWrangler(persist string, uniqueKeys []string) error {
	var dirs []string
	for _, key := range uniqueKeys {
		dir := filepath.Join(Dir(persist), key)
		// workerd opens this database at its start, and while it is open SQLite keeps this
		// file beside it. Without the file there is no process to look for.
		if _, err := os.Stat(filepath.Join(dir, "metadata.sqlite-wal")); persist != "" && err == nil {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	if pid, dir := workerdIn(dirs); pid != 0 {
		return diagnostic.WithHint(fmt.Errorf(msgWrangler, pid, dir), "end wrangler dev first, or keep emu's state elsewhere with --persist-to")
	}
	return nil
}
