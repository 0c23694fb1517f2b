package program

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

// orphans are the descendants of a command whose parents have ended. They become children of
// this process, whatever their process group and session are.
// https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
type orphans struct {
	others []int // children that this process has started itself
	died   chan os.Signal
	done   sync.WaitGroup
}

// adopt makes orphans children of this process from now on. What other children it has it must
// have started before.
func adopt() *orphans {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil
	}
	return &orphans{others: children(), died: make(chan os.Signal, 1)}
}

// bury reaps orphans that die while the command runs. The command may be waiting for their
// end, and while nobody reaps them they look alive.
func (o *orphans) bury(command int) {
	if o == nil {
		return
	}
	o.others = append(o.others, command)
	signal.Notify(o.died, syscall.SIGCHLD)
	o.done.Go(func() {
		for range o.died {
			for _, pid := range o.list() {
				syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			}
		}
	})
}

// end kills the orphans that outlive the command. Those that an orphan leaves behind follow it
// into the list, so it ends when the list is empty.
func (o *orphans) end() {
	if o == nil {
		return
	}
	signal.Stop(o.died)
	close(o.died)
	o.done.Wait()
	for list := o.list(); len(list) > 0; list = o.list() {
		for _, pid := range list {
			if syscall.Kill(pid, syscall.SIGKILL) != nil { // it runs as another user
				o.others = append(o.others, pid)
				continue
			}
			syscall.Wait4(pid, nil, 0, nil)
		}
	}
}

// list returns the orphans that there are now.
func (o *orphans) list() []int {
	return slices.DeleteFunc(children(), func(pid int) bool { return slices.Contains(o.others, pid) })
}

// children returns this process's children, none if the system does not list them.
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
