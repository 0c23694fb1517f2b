package emucmd

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// orphans are processes whose parents have ended, and that descend from a
// command: they become children of emu, wherever their group or session is.
//
// Source: https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
type orphans struct {
	others []int // children that emu has started itself
	died   chan os.Signal
	done   sync.WaitGroup
}

// adopt makes them emu's children from now on. It comes before the command
// starts, and after what else emu starts.
func adopt() *orphans {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil
	}
	return &orphans{others: children(), died: make(chan os.Signal, 1)}
}

// watch buries those that die while the command, which is none, runs: it may
// wait for their end.
func (o *orphans) watch(command int) {
	if o == nil {
		return
	}
	o.others = append(o.others, command)
	signal.Notify(o.died, syscall.SIGCHLD)
	o.done.Go(func() {
		for range o.died {
			for _, pid := range o.alone() {
				syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			}
		}
	})
}

// end kills those that are left when the command has ended. The children of one
// become emu's with its end.
func (o *orphans) end() {
	if o == nil {
		return
	}
	signal.Stop(o.died)
	close(o.died)
	o.done.Wait()
	for left := o.alone(); len(left) > 0; left = o.alone() {
		for _, pid := range left {
			if syscall.Kill(pid, syscall.SIGKILL) != nil { // another user's
				o.others = append(o.others, pid)
				continue
			}
			syscall.Wait4(pid, nil, 0, nil)
		}
	}
}

// alone are those that there are now.
func (o *orphans) alone() []int {
	return slices.DeleteFunc(children(), func(pid int) bool { return slices.Contains(o.others, pid) })
}

// children are emu's; none if the system does not list them.
func children() (list []int) {
	files, _ := filepath.Glob("/proc/self/task/*/children")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, s := range strings.Fields(string(text)) {
			var pid int
			if _, err := fmt.Sscan(s, &pid); err == nil {
				list = append(list, pid)
			}
		}
	}
	return list
}
