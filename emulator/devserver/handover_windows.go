package devserver

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// hand gives a command the writing end of its link. Listeners are not handed
// over: the program opens the address again.
func hand(c *exec.Cmd, say *os.File, _ []*os.File) (first uintptr, n int, err error) {
	h := say.Fd()
	if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
		return 0, 0, err
	}
	c.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: []syscall.Handle{syscall.Handle(h)}}
	return h, 0, nil
}

// inherited is a file that the process was started with.
func inherited(h uintptr, name string) *os.File { return os.NewFile(h, name) }

// fileOf closes a listener, so that a program can open its address.
func fileOf(l net.Listener) (*os.File, error) { return nil, l.Close() }

// endTogether puts this process, and what it starts, into a job that ends with it.
func endTogether() error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return err
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		return err
	}
	return windows.AssignProcessToJobObject(job, windows.CurrentProcess())
}

// guard has nothing to do: the job sees to it.
func guard(*exec.Cmd) (end func(), err error) { return func() {}, nil }

// interrupt ends a command; Windows cannot ask it.
func interrupt(c *exec.Cmd) error { return c.Process.Kill() }

func kill(c *exec.Cmd) { c.Process.Kill() }
