//go:build unix

package program

import (
	"net"
	"os"
	"os/exec"
	"syscall"
)

// firstFile is the descriptor of the first of exec.Cmd's ExtraFiles.
const firstFile = 3

// hand gives a command its end of the link, and the listeners. It returns the first of their
// descriptors, which follow each other, and how many listeners there are.
func hand(c *exec.Cmd, link *os.File, listeners []*os.File) (first uintptr, n int, err error) {
	c.ExtraFiles = append([]*os.File{link}, listeners...)
	return firstFile, len(listeners), nil
}

// inherited is a file that the process was started with. What it starts itself
// shall not have it.
func inherited(fd uintptr, name string) *os.File {
	syscall.CloseOnExec(int(fd))
	return os.NewFile(fd, name)
}

// ListenerFile is a listener as a file to be handed over. The listener's own File method would
// make it block for every process that has it.
func ListenerFile(l net.Listener) (*os.File, error) {
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failed error
	err = raw.Control(func(of uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if fd, failed = syscall.Dup(int(of)); failed == nil {
			syscall.CloseOnExec(fd)
		}
	})
	if err != nil || failed != nil {
		return nil, os.NewSyscallError("dup", failed)
	}
	return os.NewFile(uintptr(fd), "listener"), nil
}
