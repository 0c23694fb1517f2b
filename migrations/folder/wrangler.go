package folder

// A running wrangler dev takes no lock, and so could use the same state. It and emu would then
// have alarms and objects in memory that the other does not know
// (https://developers.cloudflare.com/workers/wrangler/commands/#dev).

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

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

// A start must not wait long for the search, so it is limited: to so many open files of one
// process, and to so much time for all processes.
const (
	maxFiles  = 4096
	maxSearch = 200 * time.Millisecond
)

// runtimeName is the name of Wrangler's runtime in the list of processes.
const runtimeName = "workerd"

// workerdIn finds a workerd that has a file in one of the folders open. It returns 0 if
// there is none, or no /proc as on other systems than Linux.
func workerdIn(dirs []string) (pid int, dir string) {
	procs, err := os.ReadDir("/proc")
	if err != nil {
		return 0, ""
	}
	end := time.Now().Add(maxSearch)
	for _, p := range procs {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if time.Now().After(end) {
			break
		}
		name, _ := os.ReadFile("/proc/" + p.Name() + "/comm")
		if strings.TrimSpace(string(name)) != runtimeName {
			continue
		}
		for _, dir := range dirs {
			if opens(pid, dir) {
				return pid, dir
			}
		}
	}
	return 0, ""
}

// opens reports whether a process has a file in a folder open.
func opens(pid int, dir string) bool {
	at, err := filepath.EvalSymlinks(dir)
	if err == nil {
		at, err = filepath.Abs(at)
	}
	if err != nil {
		return false
	}
	fds := "/proc/" + strconv.Itoa(pid) + "/fd"
	d, err := os.Open(fds)
	if err != nil {
		return false // a process of another user
	}
	defer d.Close()
	names, _ := d.Readdirnames(maxFiles)
	for _, name := range names {
		if path, err := os.Readlink(fds + "/" + name); err == nil && strings.HasPrefix(path, at+string(filepath.Separator)) {
			return true
		}
	}
	return false
}
