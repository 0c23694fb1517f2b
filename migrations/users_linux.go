package migrations

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The search looks at this many open files of a process, and stops after this
// long: it only serves a hint.
const (
	maxFiles  = 1024
	maxSearch = 200 * time.Millisecond
)

func users(dir string) []Process {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil
	}
	procs, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []Process
	end := time.Now().Add(maxSearch)
	for _, p := range procs {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if time.Now().After(end) {
			break
		}
		if opens(pid, dir+string(filepath.Separator)) {
			name, _ := os.ReadFile("/proc/" + p.Name() + "/comm")
			found = append(found, Process{PID: pid, Name: strings.TrimSpace(string(name))})
		}
	}
	return found
}

// opens reports whether a process has a file open whose path has the prefix.
func opens(pid int, prefix string) bool {
	fds := "/proc/" + strconv.Itoa(pid) + "/fd"
	d, err := os.Open(fds)
	if err != nil {
		return false // another user's
	}
	defer d.Close()
	names, _ := d.Readdirnames(maxFiles)
	for _, name := range names {
		if path, err := os.Readlink(fds + "/" + name); err == nil && strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
