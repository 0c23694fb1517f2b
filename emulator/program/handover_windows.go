package program

import (
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// hand gives a command its end of the link, and returns its handle. Listeners are not handed
// over: the program opens the address again.
func hand(c *exec.Cmd, link *os.File, _ []*os.File) (first uintptr, n int, err error) {
	h := link.Fd()
	if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
		return 0, 0, err
	}
	c.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: []syscall.Handle{syscall.Handle(h)}}
	return h, 0, nil
}

// inherited is a file that the process was started with.
func inherited(h uintptr, name string) *os.File { return os.NewFile(h, name) }

// ListenerFile closes a listener, so that a program can open its address, and returns no file.
func ListenerFile(l net.Listener) (*os.File, error) { return nil, l.Close() }
